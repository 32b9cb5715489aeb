// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { childScript } from './child-script.ts'
import type { Finished } from './netns.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')

/** The beginning of the version of the kernel. */
const kernel = process.env['WGQ_KERNEL'] ?? '6.12'

/**
 * Returns why the virtual machine with a WireGuard kernel cannot run here, or undefined when it can. As root on Debian
 * missing files are fetched first (110 MB, once).
 */
export const whyNoKernelVm = (): string | undefined => {
  if (process.arch !== 'x64' || process.platform !== 'linux') return 'needs Linux on x86-64'
  if (process.getuid?.() !== 0) return 'needs root'
  if (!existsSync(join(root, 'dist/bin/wg'))) return 'needs dist/ (scripts/setup)'
  if (spawnSync('which', ['wg']).status !== 0) return 'needs wireguard-tools'
  const install = spawnSync(join(root, 'scripts/kernel-vm/install'), [kernel], { encoding: 'utf8' })
  return install.status === 0 ? undefined : (install.stderr.trim().split('\n').at(-1) ?? 'no kernel')
}

/** Runs a command under the other kernel and waits for it. */
const runInKernelVm = (
  command: readonly string[],
  options: { input?: string; timeoutSeconds?: number } = {},
): Finished => {
  const seconds = String(options.timeoutSeconds ?? 600)
  const { status, signal, stdout, stderr } = spawnSync(
    join(root, 'scripts/kernel-vm/run'),
    ['--kernel', kernel, '--timeout', seconds, '--', ...command],
    { cwd: root, input: options.input ?? '', encoding: 'utf8', maxBuffer: 1 << 28 },
  )
  return { status, signal, stdout, stderr }
}

/**
 * Runs `children/NAME.ts` under the other kernel and reads the lines of JSON that it prints: a whole suite in one boot.
 * The child gets the folder of the checkout and `args`.
 */
export const batchInKernelVm = <T>(name: string, timeoutSeconds: number, ...args: string[]): T[] => {
  const done = runInKernelVm(['node', childScript(name), root, ...args], { timeoutSeconds })
  const lines = done.stdout.split('\n').filter(Boolean)
  if (done.status !== 0)
    throw new Error(
      `${name} ended with ${done.status} behind ${lines.length} lines\n${done.stderr}${lines.at(-1)}`,
    )
  return lines.map((line) => JSON.parse(line))
}
