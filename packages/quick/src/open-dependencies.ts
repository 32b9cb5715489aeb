// SPDX-License-Identifier: MIT
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { connectToDaemon } from '@wgq/backends/daemon-connection'
import { openDevices, openDevicesAsWg } from '@wgq/backends/devices'
import { openHost, openHostInside } from '@wgq/backends/host'
import { systemContext } from '@wgq/config/wg/context'
import type { Lookup } from '@wgq/config/wg/lookup'
import { readWgFile } from '@wgq/config/wg/read-file'
import { readFilterTables } from '@wgq/firewall/filter-tables'
import { readSocketGroup, setSocketGroup } from '@wgq/uapi/socket-group'
import type { Dependencies, NameHelp } from './dependencies.ts'
import { formatConf } from './format-conf.ts'
import { childRunner } from './run/child.ts'
import { findProgram, searchPath } from './run/search-path.ts'
import { sysctlsInside } from './run/sysctls-inside.ts'

/** Settings of {@link openDependencies}. */
interface DependencyOptions {
  /** The directory of our programs; first in the PATH of children. */
  readonly binDirectory: string
  /** Accept values as `wg` does, no more strictly. */
  readonly exact: boolean
  /** Length of the configuration in characters: a daemon may take longer to answer for many peers. */
  readonly configurationLength: number
  /** The bytes of (a part of) the configuration file. */
  readonly encode: (text: string) => Buffer
  /** A private directory. */
  readonly scratch: string
  /** The bundle of the data plane, started directly if it exists and no environment variable prevents that. */
  readonly daemonFile: string
  /** Starts the data plane in this process instead, if the process may stay as a daemon. */
  readonly serveHere?: Dependencies['startDataPlane'] | undefined
  /** How to look up endpoint names when the system's way needs help. */
  readonly lookup?: (names: NameHelp, env: NodeJS.ProcessEnv) => Promise<Lookup>
  /** Receives what is printed on the way. */
  readonly print: (text: string) => void
}

/** Everything outside the process that wg-quick needs. */
export const openDependencies = async ({
  binDirectory,
  exact,
  configurationLength,
  encode,
  scratch,
  daemonFile,
  serveHere,
  lookup,
  print,
}: DependencyOptions): Promise<Dependencies> => {
  const env = childEnvironment(binDirectory, !exact)
  const ours = new Set<string>()
  return {
    host: await openHost(),
    devices: exact
      ? openDevicesAsWg(undefined, configurationLength)
      : openDevices(undefined, configurationLength, ours),
    ...(process.platform === 'linux'
      ? { openHost: openHostInside, sysctlsInside: (netns) => sysctlsInside(netns, env, sysctlPath) }
      : {}),
    run: childRunner(env, scratch),
    // Starting a program costs as much as all of the kernel's work for a `down`. Upstream runs programs, so does
    // `exact`.
    ...(process.platform === 'linux' && !exact ? { filterTables: readFilterTables } : {}),
    ...embeddedDataPlane(binDirectory, daemonFile, env, serveHere, ours),
    ...(exact
      ? {}
      : {
          socketGroup: {
            read: (name) => readSocketGroup(name, undefined, connectToDaemon),
            set: (name, groupId) => setSocketGroup(name, groupId, undefined, connectToDaemon),
          },
        }),
    find: findProgram(env['PATH']),
    // wg's parser needs one character per byte.
    readWgConfig: (text, names) =>
      readWgFile(
        encode(text).toString('latin1'),
        '/dev/fd/63',
        systemContext(
          exact,
          (line) => print(`${Buffer.from(line, 'latin1')}\n`),
          !exact,
          names && lookup && (async (host) => (await lookup(names, env))(host)),
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
    print,
  }
}

/**
 * Runs the data plane in this process if that may stay. Otherwise the Node.js that runs now starts the daemon directly
 * from its file: its launcher would start Node.js twice more. Adds the names of started daemons to `ours`. If the
 * environment has settings of its own, or the file is missing, the launcher is used.
 */
const embeddedDataPlane = (
  binDirectory: string,
  file: string,
  env: NodeJS.ProcessEnv,
  serveHere: Dependencies['startDataPlane'] | undefined,
  ours: Set<string>,
): Pick<Dependencies, 'startDataPlane'> => {
  if (!isAbsolute(file) || !existsSync(file) || ownSettings.some((name) => env[name] !== undefined)) return {}
  const start =
    serveHere ??
    (async (name, more) => {
      const { startDaemon } = await import('@wgq/uapi/start-daemon')
      return startDaemon({
        command: [file, join(binDirectory, 'wgqd'), name],
        env: { ...env, ...more },
        chatty: false,
        explain: (error) => `wgqd: cannot start a process: ${(error as Error).message}\n`,
      })
    })
  return {
    startDataPlane: async (name, more) => {
      const started = await start(name, more)
      if (started.status === 0) ours.add(name)
      return started
    },
  }
}

const ownSettings = ['LOG_LEVEL', 'WGQ_LOG', 'WG_TUN_FD', 'WG_UAPI_FD']

/** A key with slashes is a path already: interface names may contain dots. */
const sysctlPath = (key: string): string => `/proc/sys/${key.includes('/') ? key : key.replaceAll('.', '/')}`

/**
 * The environment of children: untranslated messages, and our own `wg` before any other (spec wg-quick §1.1). Under
 * wgq's own name PATH always includes the administration directories.
 */
const childEnvironment = (binDirectory: string, complete: boolean): NodeJS.ProcessEnv => ({
  ...process.env,
  LC_ALL: 'C',
  PATH: `${binDirectory}:${searchPath(process.env['PATH'], complete)}`,
})
