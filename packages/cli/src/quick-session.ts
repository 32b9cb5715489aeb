// SPDX-License-Identifier: MIT
import { constants } from 'node:os'
import { basename } from 'node:path'
import { checkConfiguration } from '@wgq/config/check'
import { readConfigFile } from '@wgq/config/config-file'
import { type Location, locate, locateAs, worldAccessibleWarning } from '@wgq/config/locate'
import { joinParts, readParts } from '@wgq/config/parts'
import { readSettings } from '@wgq/config/settings'
import { encodeSource } from '@wgq/config/source'
import { isWgqError, WgqError } from '@wgq/model/error'
import { exceptionsOf } from '@wgq/quick/exceptions/directives'
import { gatewayWanted } from '@wgq/quick/gateway/wanted'
import { wantsKillSwitch } from '@wgq/quick/kill-switch/directive'
import { Interrupted } from '@wgq/quick/run/failure'
import type { Session } from '@wgq/quick/session'
import { loadSystem } from '@wgq/quick/systems/system'
import { rerunAsRoot, thisProgram } from './as-root.ts'
import type { Invocation } from './command.ts'
import { journalledConfig } from './observe/config-path.ts'
import { writeErr } from './output.ts'
import { openEdges, usableRunDirectory } from './quick-edges.ts'

/**
 * Carries out up, down or save: as root, with the configuration read and signals held back until a step is complete.
 * Where there is no configuration, `withoutConfig` may still do something about it. `calledName` is the interface's name
 * where that does not follow from the file's. Resolves to the exit status. Raises what finding and reading the configuration
 * raise, and `E_USAGE`.
 */
export const runQuick = async (
  invocation: Invocation,
  work: (session: Session) => Promise<number>,
  withoutConfig?: (session: Session) => Promise<number | undefined>,
  calledName?: string,
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
    rest: Pick<Session, 'name' | 'configPath' | 'settings' | 'killSwitch' | 'gateway' | 'exceptions'>,
    encode = encodeUtf8,
  ) => ({
    ...rest,
    edges: await openEdges({ binDirectory, exact: personality !== 'wgq', encode, scratch: directory }),
    system: await loadSystem(),
    program,
    script,
    binDirectory,
    style: personality === 'wgq' ? ('wgq' as const) : ('wg-quick' as const),
    runDirectory: directory,
    interruption,
  })
  let location: Location
  try {
    location = calledName === undefined ? locateTunnel(invocation, argument) : locateAs(argument, calledName)
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
  // Upstream knows no drop-ins.
  const parts = personality === 'wgq' ? readParts(configPath, source) : [{ path: configPath, source }]
  const settings = readSettings(joinParts(parts), configPath)
  // Under its own name wgq looks before it leaps; upstream finds out half-way.
  if (personality === 'wgq' && (verb === 'up' || verb === 'reload'))
    for (const part of parts) await checkConfiguration(part.source.text, part.path)
  const encode = (text: string): Buffer => encodeSource({ ...source, text })
  const killSwitch = personality === 'wgq' && wantsKillSwitch(source.text)
  const gateway = personality === 'wgq' ? gatewayWanted(source.text, configPath) : undefined
  const exceptions = personality === 'wgq' ? exceptionsOf(source.text, configPath) : undefined
  const session = await open(
    {
      name,
      configPath,
      settings,
      killSwitch,
      ...(gateway && { gateway }),
      ...(exceptions && { exceptions }),
    },
    encode,
  )
  return closing(session, work)
}

/** Where the configuration is: the one that a running tunnel of that name was brought up from goes first, under wgq's name. */
const locateTunnel = ({ personality, verb }: Invocation, argument: string): Location => {
  const noted = personality === 'wgq' ? journalledConfig(argument) : undefined
  if (noted === undefined) return locate(argument)
  if (verb !== 'up') return locateAs(noted, argument)
  try {
    return locate(argument)
  } catch (error) {
    if (isWgqError(error) && error.code === 'E_CONFIG_MISSING') return locateAs(noted, argument)
    throw error
  }
}

/** What the signals that ask the program to stop leave behind; looked at between steps. */
const interruption: Session['interruption'] = {}

const holdSignals = (): void => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      interruption.signal = signal
    })
}

/** A signal that ends a look at things gives the shell's status for it. */
const closing = async <T>(session: Session, work: (session: Session) => Promise<T>): Promise<T | number> => {
  try {
    return await work(session)
  } catch (error) {
    if (error instanceof Interrupted) return 128 + constants.signals[error.signal]
    throw error
  } finally {
    session.edges.host.close()
  }
}

const encodeUtf8 = (text: string): Buffer => Buffer.from(text)
