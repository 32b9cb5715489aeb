// SPDX-License-Identifier: MIT
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { openDevices } from '@wgq/backends/devices'
import { openHost } from '@wgq/backends/host'
import { checkConfiguration } from '@wgq/config/check'
import { readConfigFile } from '@wgq/config/config-file'
import { type Location, locate, worldAccessibleWarning } from '@wgq/config/locate'
import { readSettings } from '@wgq/config/settings'
import { encodeSource } from '@wgq/config/source'
import { systemContext } from '@wgq/config/wg/context'
import { readWgFile } from '@wgq/config/wg/read-file'
import { isWgqError, WgqError } from '@wgq/model/error'
import type { Host } from '@wgq/model/host'
import { childRunner, findProgram } from '@wgq/quick/child'
import type { Edges } from '@wgq/quick/edges'
import { makeRunDirectory } from '@wgq/quick/journal'
import { wantsKillSwitch } from '@wgq/quick/kill-switch/directive'
import { runDirectory } from '@wgq/quick/orchestrate'
import type { Session } from '@wgq/quick/session'
import { rerunAsRoot, thisProgram } from './as-root.ts'
import type { Invocation } from './command.ts'
import { tellErr, writeErr, writeErrBytes } from './output.ts'
import { formatConf } from './show/conf.ts'

/**
 * Carries out up, down or save: as root, with the configuration read and signals held back until a step is complete.
 * Where there is no configuration, `withoutConfig` may still do something about it. Resolves to the exit status. Raises what finding and reading the configuration raise, and `E_USAGE`.
 */
export const runQuick = async (
  invocation: Invocation,
  work: (session: Session) => Promise<number>,
  withoutConfig?: (session: Session) => Promise<number | undefined>,
): Promise<number> => {
  const { args, verb, personality } = invocation
  const [argument] = args
  if (argument === undefined || args.length > 1)
    throw new WgqError(
      'E_USAGE',
      `${verb} takes one interface name or file, found ${args.length} arguments`,
      {
        hint: `wgq ${verb} wg0`,
      },
    )
  const elsewhere = rerunAsRoot(invocation)
  if (elsewhere) return elsewhere
  holdSignals()
  const { name: program, script, binDirectory } = thisProgram()
  const directory = usableRunDirectory(personality === 'wgq')
  const open = async (
    rest: Pick<Session, 'name' | 'configPath' | 'settings' | 'killSwitch'>,
    encode = encodeUtf8,
  ) => ({
    ...rest,
    edges: await openEdges(childEnvironment(binDirectory), personality !== 'wgq', encode, directory),
    program,
    script,
    binDirectory,
    style: personality === 'wgq' ? ('wgq' as const) : ('wg-quick' as const),
    runDirectory: directory,
    interruption,
  })
  let location: Location
  try {
    location = locate(argument)
  } catch (error) {
    if (!withoutConfig || !isWgqError(error) || error.code !== 'E_CONFIG_MISSING') throw error
    const name = basename(argument, '.conf')
    const session = await open({ name, configPath: argument, settings: readSettings('', argument) })
    const status = await closing(session, withoutConfig)
    if (status === undefined) throw error
    return status
  }
  const { interfaceName: name, path: configPath } = location
  if (location.worldAccessible) writeErr(`${worldAccessibleWarning(configPath)}\n`)
  const source = readConfigFile(configPath)
  const settings = readSettings(source.text, configPath)
  // Under its own name wgq looks before it leaps; upstream finds out half-way.
  if (personality === 'wgq' && (verb === 'up' || verb === 'reload'))
    await checkConfiguration(source.text, configPath)
  const encode = (text: string): Buffer => encodeSource({ ...source, text })
  const killSwitch = personality === 'wgq' && wantsKillSwitch(source.text)
  return closing(await open({ name, configPath, settings, killSwitch }, encode), work)
}

/** What the signals that ask the program to stop leave behind; looked at between steps. */
const interruption: Session['interruption'] = {}

const holdSignals = (): void => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      interruption.signal = signal
    })
}

/**
 * The directory of journals; where it cannot be written (a container with a read-only /run) one for this run alone, so that
 * tunnels still come up, as upstream's do.
 */
const usableRunDirectory = (explain: boolean): string => {
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

const closing = async <T>(session: Session, work: (session: Session) => Promise<T>): Promise<T> => {
  try {
    return await work(session)
  } finally {
    session.edges.host.close()
  }
}

const encodeUtf8 = (text: string): Buffer => Buffer.from(text)

const openEdges = async (
  env: NodeJS.ProcessEnv,
  exact: boolean,
  encode: (text: string) => Buffer,
  scratch: string,
): Promise<Edges> => ({
  host: await openHost(),
  devices: openDevices(),
  ...(process.platform === 'linux' ? { openHost: openInside } : {}),
  run: childRunner(env, scratch),
  find: findProgram(env['PATH']),
  // The reading of wg wants one character per byte.
  readWgConfig: (text) =>
    readWgFile(
      encode(text).toString('latin1'),
      '/dev/fd/63',
      systemContext(exact, (line) => writeErrBytes(`${line}\n`), !exact),
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
})

const openInside = async (netns: string): Promise<Host> =>
  (await import('@wgq/backends/linux/host')).openHost({ netns })

/** A key with slashes is a path already: names of interfaces may have dots. */
const sysctlPath = (key: string): string => `/proc/sys/${key.includes('/') ? key : key.replaceAll('.', '/')}`

/** What children see: untranslated messages, and our own `wg` before any other (spec wg-quick §1.1). */
const childEnvironment = (binDirectory: string): NodeJS.ProcessEnv => ({
  ...process.env,
  LC_ALL: 'C',
  PATH: `${binDirectory}:${process.env['PATH'] ?? ''}`,
})
