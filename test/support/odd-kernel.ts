// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { workspace } from './workspace.ts'

const compiler = ['cc', 'gcc', 'clang'].find((name) => spawnSync(name, ['--version']).status === 0)

/** Returns why there can be no odd kernel here, or undefined when there can. */
export const whyNoOddKernel = (): string | undefined => (compiler ? undefined : 'no C compiler')

let library: string | undefined

/** The available oddities; `test/fixtures/odd-kernel.c` describes them. */
export interface Oddities {
  readonly WGQ_ODD_TUN?: 'refuse' | 'keep' | 'lose'
  readonly WGQ_ODD_SENDMMSG?: string
  readonly WGQ_ODD_REFUSED?: string
  readonly WGQ_ODD_SEGMENTS?: string
  readonly WGQ_ODD_CLOCK?: string
}

/**
 * Environment of a process with an odd kernel. The library behind it is compiled once per test process and removed with
 * it. A sanitizer that is already preloaded stays first.
 */
export const oddKernel = (oddities: Oddities): NodeJS.ProcessEnv => {
  library ??= compile()
  return { ...oddities, LD_PRELOAD: [process.env['LD_PRELOAD'], library].filter(Boolean).join(':') }
}

// --- internal ---

const compile = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'wgq-odd-kernel-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const made = join(folder, 'odd-kernel.so')
  const source = join(workspace, 'test/fixtures/odd-kernel.c')
  const { status, stderr } = spawnSync(
    compiler as string,
    ['-shared', '-fPIC', '-O1', '-Wall', '-o', made, source],
    { encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`${source} cannot be compiled:\n${stderr}`)
  return made
}
