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
import { childRunner, findProgram } from './run/child.ts'
import { searchPath } from './run/search-path.ts'

/** How the outside is reached. */
interface DependencyOptions {
  /** Where our programs are; first in the PATH of children. */
  readonly binDirectory: string
  /** Read values as `wg` does, and not more strictly. */
  readonly exact: boolean
  /** Characters of the configuration: a daemon may take longer to answer for many peers. */
  readonly configurationLength: number
  /** The bytes of (a part of) the configuration file. */
  readonly encode: (text: string) => Buffer
  /** A directory that nobody else looks into. */
  readonly scratch: string
  /** The bundle of the data plane, started directly where it is there and nothing of the environment speaks against it. */
  readonly daemonFile: string
  /** Starts the data plane in this process instead, where it may go on as a daemon. */
  readonly serveHere?: Dependencies['startDataPlane'] | undefined
  /** How names of endpoints are looked up when the system's way needs help. */
  readonly lookup?: (names: NameHelp, env: NodeJS.ProcessEnv) => Promise<Lookup>
  /** Takes what is said on the way. */
  readonly print: (text: string) => void
}

/** Everything outside of the process, as wg-quick needs it. */
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
    ...(process.platform === 'linux' ? { openHost: openHostInside } : {}),
    run: childRunner(env, scratch),
    // Starting a program costs as much as all that the kernel does for a `down`. Upstream is known by those it runs.
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
    // The reading of wg wants one character per byte.
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
 * The data plane is this process where it may stay. Otherwise the daemon is started directly by the Node.js that runs now, from its file: its launcher would start Node.js
 * twice more. Names of the daemons that were started are added to `ours`. With settings of its own in the environment, or where the file is not there, the launcher serves.
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
