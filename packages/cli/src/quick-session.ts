// SPDX-License-Identifier: MIT
import { basename, dirname, join } from 'node:path'
import { type Location, locate, locateAs, worldAccessibleWarning } from '@wgq/config/locate'
import { readSettings, type Settings } from '@wgq/config/settings'
import { isWgqError, WgqError } from '@wgq/model/error'
import { visibleLines } from '@wgq/model/shown'
import { openDependencies } from '@wgq/quick/open-dependencies'
import { readTunnel, readTunnelToEnd } from '@wgq/quick/read-tunnel'
import { runDirectory } from '@wgq/quick/run/directory'
import { Interrupted, signalStatus } from '@wgq/quick/run/failure'
import type { Session } from '@wgq/quick/session'
import { loadSystem } from '@wgq/quick/systems/system'
import { rerunAsRoot, thisProgram } from './as-root.ts'
import type { Invocation } from './command.ts'
import { journalledConfig } from './observe/config-path.ts'
import { tellErr, writeErr } from './output.ts'
import { startHere } from './staying.ts'
import { usableRunDirectory } from './usable-run-directory.ts'
import { withoutDashes } from './without-dashes.ts'

/**
 * Runs up, down or save: as root, with the configuration read and signals deferred until a step is complete. If there
 * is no configuration, `withoutConfig` may still handle the call. `calledName` is the interface's name if it does not
 * follow from the file's. With `stays` the process may continue as the data plane, unless there are hooks: they can
 * take long, and a data plane drops most privileges before packets arrive. Resolves to the exit status. Raises the
 * errors of finding and reading the configuration, and `E_USAGE`.
 */
export const runQuick = async (
  invocation: Invocation,
  work: (session: Session) => Promise<number>,
  withoutConfig?: (session: Session) => Promise<number | undefined>,
  calledName?: string,
  stays = false,
): Promise<number> => {
  const { verb, personality } = invocation
  const args = personality === 'wgq' ? withoutDashes(invocation.args) : invocation.args
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
  const style: Session['style'] = personality === 'wgq' ? 'wgq' : 'wg-quick'
  const directory = usableRunDirectory(style === 'wgq')
  const open = async (
    rest: Pick<Session, 'name' | 'configPath' | 'settings' | 'killSwitch' | 'gateway' | 'exceptions'>,
    encode = encodeUtf8,
  ) => ({
    ...rest,
    dependencies: await openDependencies({
      binDirectory,
      exact: style !== 'wgq',
      configurationLength: rest.settings.wgConfig.length,
      encode,
      scratch: directory,
      daemonFile: join(dirname(process.argv[1] ?? ''), 'wgqd.cjs'),
      // Loaded for the first name.
      lookup: async (names, env) =>
        (await import('./observe/endpoint-lookup.ts')).helpedLookup(names, env, tellErr),
      serveHere: stays && directory === runDirectory && !hasHooks(rest.settings) ? startHere : undefined,
      // Under upstream's names, output is identical to upstream's.
      print: style === 'wgq' ? (text) => tellErr(visibleLines(text)) : tellErr,
    }),
    system: await loadSystem(),
    program,
    script,
    binDirectory,
    style,
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
  if (location.worldAccessible) writeErr(`${worldAccessibleWarning(location.path)}\n`)
  // Under its own name wgq checks the configuration first; upstream notices faults half-way.
  const checked = style === 'wgq' && (verb === 'up' || verb === 'reload' || verb === 'diff')
  const { encode, ...tunnel } =
    verb === 'down'
      ? await readTunnelToEnd(location, style, tellErr)
      : await readTunnel(location, style, checked)
  const session = await open(tunnel, encode)
  return closing(session, work)
}

const hasHooks = ({ hooks }: Settings): boolean => hooks.preUp.length + hooks.postUp.length > 0

/**
 * Finds the configuration; under wgq's name, the file from which a running tunnel of that name was brought up takes
 * precedence.
 */
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

/** The last signal that asked the program to stop; checked between steps. */
const interruption: Session['interruption'] = {}

const holdSignals = (): void => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      interruption.signal = signal
    })
}

/** Returns the shell's status for a signal if one interrupts the work. */
const closing = async <T>(session: Session, work: (session: Session) => Promise<T>): Promise<T | number> => {
  try {
    return await work(session)
  } catch (error) {
    if (error instanceof Interrupted) return signalStatus(error.signal)
    throw error
  } finally {
    session.dependencies.host.close()
  }
}

const encodeUtf8 = (text: string): Buffer => Buffer.from(text)
