// SPDX-License-Identifier: MIT
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { PrivateRun } from '../../../test/support/private-run.ts'
import { workspace } from '../../../test/support/workspace.ts'
import { nodeVersions } from '../../build/nodes.mjs'

/** The programs of a build under one Node. */
export interface Start {
  /** Name of the Node release. */
  readonly label: string
  readonly build: 'before' | 'now' | 'kept'
  /** Folder of the launchers. */
  readonly bin: string
  /** PATH, with the folder of `node` first. */
  readonly path: string
  /** Mounted on /var/cache during its runs: holds the compile cache, or has no folder for one. */
  readonly cache: string
}

/** The time of one command, in milliseconds; CPU includes all processes that it waited for. */
export interface Cost {
  readonly cpuMs: number
  readonly wallMs: number
}

const system = '/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * Lists all builds under each supported release of Node, and under one without its snapshot, as built by Debian: this
 * build (`now`), this build with the compile cache (`kept`), and with WGQ_OLDER=DIST an older one (`before`). Puts the
 * files they need into `folder`.
 */
export const starts = (folder: string): Start[] => {
  const older = process.env['WGQ_OLDER']
  const ours = join(process.env['WGQ_DIST'] ?? join(workspace, 'dist'), 'bin')
  const empty = join(folder, 'cache-none')
  mkdirSync(empty)
  return nodesIn(folder).flatMap(({ label, path }, index): Start[] => {
    const cache = join(folder, `cache-${index}`)
    mkdirSync(join(cache, 'wgq'), { recursive: true, mode: 0o755 })
    return [
      ...(older === undefined
        ? []
        : [{ label, path, build: 'before' as const, bin: join(older, 'bin'), cache: empty }]),
      { label, path, build: 'now', bin: ours, cache: empty },
      { label, path, build: 'kept', bin: ours, cache },
    ]
  })
}

const nodesIn = (folder: string): { label: string; path: string }[] => {
  const nodes = nodeVersions.map((version) => {
    const words = [join(workspace, 'scripts/build/nodes.mjs'), version]
    const node = execFileSync(process.execPath, words, { encoding: 'utf8' }).trim()
    return { label: `Node ${version}`, folder: dirname(node) }
  })
  const newer = nodes.find(({ label }) => label.startsWith('Node 24'))
  if (newer) {
    const bare = join(folder, 'bare')
    mkdirSync(bare)
    const script = `#!/bin/sh\nexec '${newer.folder}/node' --no-node-snapshot "$@"\n`
    writeFileSync(join(bare, 'node'), script, { mode: 0o755 })
    nodes.push({ label: `${newer.label} without its snapshot`, folder: bare })
  }
  return nodes.map(({ label, folder: its }) => ({ label, path: `${its}:${system}` }))
}

/** Runs a command in a namespace and measures it; undefined if it fails. */
export const timed = async (
  place: PrivateRun,
  netns: string,
  { path = system, cache }: Partial<Start>,
  command: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly input?: string } = {},
): Promise<Cost | undefined> => {
  const bound = cache === undefined ? '' : `mount --bind '${cache}' /var/cache && `
  const script = `${bound}TIMEFORMAT="time %R %U %S"; time "$@" >/dev/null`
  const { status, stderr } = await place.run(['bash', '--norc', '-c', script, 'bash', ...command], {
    netns,
    env: { PATH: path, ...options.env },
    ...(options.input === undefined ? {} : { input: options.input }),
  })
  const [, real, user, kernel] = /^time (\S+) (\S+) (\S+)$/m.exec(stderr) ?? []
  if (real === undefined) throw new Error(`${command.join(' ')}: ${stderr}`)
  return status === 0
    ? { cpuMs: (Number(user) + Number(kernel)) * 1000, wallMs: Number(real) * 1000 }
    : undefined
}
