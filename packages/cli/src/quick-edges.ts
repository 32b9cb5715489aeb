// SPDX-License-Identifier: MIT
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { openDevices, openDevicesAsWg } from '@wgq/backends/devices'
import { openHost, openHostInside } from '@wgq/backends/host'
import { systemContext } from '@wgq/config/wg/context'
import type { Lookup } from '@wgq/config/wg/lookup'
import { readWgFile } from '@wgq/config/wg/read-file'
import type { Edges, NameHelp } from '@wgq/quick/edges'
import { childRunner, findProgram } from '@wgq/quick/run/child'
import { runDirectory } from '@wgq/quick/run/directory'
import { makeRunDirectory } from '@wgq/quick/run/journal'
import { searchPath } from '@wgq/quick/run/search-path'
import { tellErr, writeErr } from './output.ts'
import { formatConf } from './show/conf.ts'

/**
 * The directory of journals; where it cannot be written (a container with a read-only /run) one for this run alone, so that
 * tunnels still come up, as upstream's do.
 */
export const usableRunDirectory = (explain: boolean): string => {
  try {
    makeRunDirectory(runDirectory)
    accessSync(runDirectory, constants.W_OK)
    return runDirectory
  } catch {
    if (explain)
      writeErr(`[!] ${runDirectory} cannot be written: what a run that is cut off leaves behind will stay.\n`)
    const directory = mkdtempSync(join(tmpdir(), 'wgq-'))
    process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
    return directory
  }
}

/** How the outside is reached. */
interface EdgeOptions {
  /** Where our programs stand; first in the PATH of children. */
  readonly binDirectory: string
  /** Read values as `wg` does, and not more strictly. */
  readonly exact: boolean
  /** The bytes of (a part of) the configuration file. */
  readonly encode: (text: string) => Buffer
  /** A directory that nobody else looks into. */
  readonly scratch: string
}

/** Everything outside of the process, as wg-quick needs it. */
export const openEdges = async ({ binDirectory, exact, encode, scratch }: EdgeOptions): Promise<Edges> => {
  const env = childEnvironment(binDirectory, !exact)
  return {
    host: await openHost(),
    devices: exact ? openDevicesAsWg() : openDevices(),
    ...(process.platform === 'linux' ? { openHost: openHostInside } : {}),
    run: childRunner(env, scratch),
    ...embeddedDataPlane(binDirectory, env),
    find: findProgram(env['PATH']),
    // The reading of wg wants one character per byte.
    readWgConfig: (text, names) =>
      readWgFile(
        encode(text).toString('latin1'),
        '/dev/fd/63',
        systemContext(
          exact,
          (line) => tellErr(`${Buffer.from(line, 'latin1')}\n`),
          !exact,
          names && (async (host) => (await helped(names, env))(host)),
        ),
      ),
    formatConf,
    readSysctl: (key) => {
      try {
        return readFileSync(sysctlPath(key), 'latin1').trim()
      } catch {
        return undefined
      }
    },
    writeSysctl: (key, value) => writeFileSync(sysctlPath(key), value),
    env,
    print: tellErr,
  }
}

/** Loaded when the first name comes. */
const helped = async (names: NameHelp, env: NodeJS.ProcessEnv): Promise<Lookup> =>
  (await import('./observe/endpoint-lookup.ts')).helpedLookup(names, env, tellErr)

/**
 * The daemon is started directly by the Node.js that runs now, from the file beside this program: its launcher would start
 * Node.js twice more. With settings of its own in the environment, or where the file is not there, the launcher serves.
 */
const embeddedDataPlane = (binDirectory: string, env: NodeJS.ProcessEnv): Pick<Edges, 'startDataPlane'> => {
  const file = join(dirname(process.argv[1] ?? ''), 'wgqd.cjs')
  if (!isAbsolute(file) || !existsSync(file) || ownSettings.some((name) => env[name] !== undefined)) return {}
  return {
    startDataPlane: async (name) => {
      const { startDaemon } = await import('@wgq/uapi/start-daemon')
      return startDaemon({
        command: [file, join(binDirectory, 'wgqd'), name],
        env,
        chatty: false,
        explain: (error) => `wgqd: cannot start a process: ${(error as Error).message}\n`,
      })
    },
  }
}

const ownSettings = ['LOG_LEVEL', 'WGQ_LOG', 'WG_TUN_FD', 'WG_UAPI_FD']

/** A key with slashes is a path already: names of interfaces may have dots. */
const sysctlPath = (key: string): string => `/proc/sys/${key.includes('/') ? key : key.replaceAll('.', '/')}`

/**
 * What children see: untranslated messages, and our own `wg` before any other (spec wg-quick §1.1). Under wgq's own name
 * the folders of administration are in PATH whatever the caller's is.
 */
const childEnvironment = (binDirectory: string, complete: boolean): NodeJS.ProcessEnv => ({
  ...process.env,
  LC_ALL: 'C',
  PATH: `${binDirectory}:${searchPath(process.env['PATH'], complete)}`,
})
