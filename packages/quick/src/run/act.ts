// SPDX-License-Identifier: MIT

import { actDns } from '@wgq/dns/act'
import { planFirewallRemoval } from '@wgq/firewall/default-route/choose'
import { asideTable } from '@wgq/firewall/exceptions/aside'
import { gatewayOffCalls, gatewayOnCalls } from '@wgq/firewall/gateway/act'
import { stillNeeded } from '@wgq/firewall/gateway/forwarding'
import { killSwitchTable } from '@wgq/firewall/kill-switch/table'
import { setCalls, unsetCalls } from '@wgq/firewall/own-table'
import type { DeviceChange } from '@wgq/model/device'
import { errnoText } from '@wgq/model/errno'
import { isWgqError, type WgqError } from '@wgq/model/error'
import type { Op } from '@wgq/model/operation'
import type { Dependencies } from '../dependencies.ts'
import { isManagerGone } from '../name-servers/plan.ts'
import type { Session } from '../session.ts'
import { Failure, Interrupted } from './failure.ts'
import { hookScript, hookShellArguments } from './hooks.ts'
import { notedByOthers } from './journal-files.ts'
import { readConfiguration } from './read-configuration.ts'

/** Says whether the host carries an operation out itself; consecutive ones go to it as one batch. */
export const isHostOp = (op: Op): boolean => hostOps.has(op.do)

const hostOps = new Set<Op['do']>([
  'link.add',
  'link.delete',
  'link.move',
  'link.up',
  'link.down',
  'address.add',
  'address.delete',
  'route.add',
  'route.delete',
  'floor.add',
  'floor.delete',
  'rule.add',
  'rule.delete',
])

/**
 * Carries out one operation that is not the host's. Raises {@link Failure} with the status of what failed, after saying
 * why on standard error where the child did not.
 */
export const act = async (op: Op, session: Session): Promise<void> => {
  const { dependencies } = session
  switch (op.do) {
    case 'daemon.start':
      return startDaemon(op, session)
    case 'device.configure': {
      const reading = said(dependencies, 1, () => readConfiguration(session, op.configuration, session.names))
      const change = await unlessInterrupted(session, reading)
      return changeDevice(dependencies, op.name, change)
    }
    case 'device.fwmark':
      return changeDevice(dependencies, op.name, { fwmark: op.fwmark, peers: [] })
    case 'device.change':
      return changeDevice(dependencies, op.name, op.change)
    case 'sysctl.set':
    case 'forwarding.set':
      return writeSysctl(dependencies, op.key, op.value)
    case 'firewall.unload':
    case 'firewall.load':
      // An empty text removes whatever is there now.
      if (op.do === 'firewall.unload' && op.text === '') {
        for (const one of await planFirewallRemoval(dependencies, session.name)) await act(one, session)
        return
      }
      return child(session, op.tool, op.tool === 'nft' ? ['-f', '-'] : ['-n'], { input: op.text })
    case 'dns.set':
    case 'dns.unset':
      // systemd-resolved has dropped the settings of a deleted link.
      if (op.do === 'dns.unset' && op.manager === 'resolvectl' && !(await dependencies.host.link(op.dev)))
        return
      if (isManagerGone(op, session)) return
      return runAll(session, await said(dependencies, 1, async () => actDns(op, dependencies)))
    case 'killswitch.on':
      return runAll(session, await setCalls(dependencies, killSwitchTable, op.dev, op))
    case 'killswitch.off':
      return runAll(session, await unsetCalls(dependencies, killSwitchTable, op.dev))
    case 'aside.on':
      return runAll(session, await setCalls(dependencies, asideTable, op.dev, op))
    case 'aside.off':
      return runAll(session, await unsetCalls(dependencies, asideTable, op.dev))
    case 'gateway.on':
      return runAll(session, await gatewayOnCalls(dependencies, op.dev, op, op.networks))
    case 'gateway.off':
      return runAll(session, await gatewayOffCalls(dependencies, op.dev))
    case 'forwarding.unset': {
      const needed = await stillNeeded(dependencies, op.key, notedByOthers(session))
      if (needed === undefined) return writeSysctl(dependencies, op.key, op.value)
      dependencies.print(`[+] ${op.key} stays as it is: ${needed} needs it.\n`)
      return
    }
    case 'hook.run':
      return child(session, 'bash', hookShellArguments, { script: hookScript(op.command, session) })
    default:
      throw new Error(`The host carries out ${op.do}, not act()`)
  }
}

const child = async (
  { dependencies, program: self }: Session,
  program: string,
  args: readonly string[],
  options?: Parameters<Dependencies['run']>[2],
): Promise<void> => {
  const { status } = await dependencies.run(program, args, options)
  if (status === 127 && dependencies.find(program) === undefined)
    dependencies.print(`${self}: ${program}: command not found\n`)
  if (status !== 0) throw new Failure(status)
}

/** A program to run, and its input. */
interface Call {
  readonly program: string
  readonly args: readonly string[]
  readonly input?: string
}

/** Runs one after the other. The failure says whether an earlier one took effect. */
const runAll = async (session: Session, calls: readonly Call[]): Promise<void> => {
  for (const [done, { program, args, input }] of calls.entries()) {
    try {
      await child(session, program, args, input === undefined ? {} : { input })
    } catch (error) {
      throw Object.assign(error as Error, { hasBegun: done > 0 })
    }
  }
}

const startDaemon = async (
  { name, program, embedded }: Op & { do: 'daemon.start' },
  session: Session,
): Promise<void> => {
  const { dependencies } = session
  if (!embedded) return child(session, program, [name], { detached: true })
  const { dataPlaneEnvironment } = await import('../systems/data-plane-options.ts')
  const more = dataPlaneEnvironment(session.configPath)
  if (dependencies.startDataPlane)
    return startDataPlane(dependencies, dependencies.startDataPlane(name, more))
  const env = Object.keys(more).length === 0 ? {} : { env: { ...dependencies.env, ...more } }
  return child(session, program, [name], { detached: true, ...env })
}

const startDataPlane = async (
  dependencies: Dependencies,
  started: Promise<{ readonly status: number; readonly text: string }>,
): Promise<void> => {
  const { status, text } = await started
  if (text !== '') dependencies.print(text)
  if (status !== 0) throw new Failure(status)
}

/** A name look-up may wait forever (WG_ENDPOINT_RESOLUTION_RETRIES=infinity): a signal ends it. */
export const unlessInterrupted = async <T>({ interruption }: Session, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const signalled = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      if (interruption.signal) reject(new Interrupted(interruption.signal))
    }, signalPollMs)
  })
  try {
    return await Promise.race([work, signalled])
  } finally {
    clearInterval(timer)
  }
}

const signalPollMs = 50

/** Writes a sysctl; a failure has the words and status of sysctl(8). */
const writeSysctl = async (dependencies: Dependencies, key: string, value: string): Promise<void> => {
  try {
    dependencies.writeSysctl(key, value)
  } catch (error) {
    const { code = 'EIO' } = error as NodeJS.ErrnoException
    const denied = code === 'EROFS' || code === 'EACCES' || code === 'EPERM'
    dependencies.print(
      denied
        ? `sysctl: permission denied on key "${key}"\n`
        : `sysctl: setting key "${key}": ${errnoText(code)}\n`,
    )
    throw new Failure(1)
  }
}

const changeDevice = (dependencies: Dependencies, name: string, change: DeviceChange): Promise<void> =>
  said(dependencies, 1, () => dependencies.devices.change(name, change), 'Unable to modify interface: ')

/** Prints the error to standard error in the words of wg and sysctl, and fails with their status. */
const said = async <T>(
  dependencies: Dependencies,
  status: number,
  work: () => Promise<T>,
  prefix = '',
): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Failure) throw error
    const { errno } = error as { errno?: unknown }
    const code = (error as NodeJS.ErrnoException).code
    if (isWgqError(error)) {
      const text = typeof errno === 'string' && prefix !== '' ? prefix + errnoText(errno) : textOf(error)
      dependencies.print(`${text}\n`)
    } else if (typeof code === 'string') {
      dependencies.print(`${prefix}${errnoText(code)}\n`)
    } else {
      throw error
    }
    throw new Failure(status)
  }
}

/** wg's own words if it has some; they hold one character per byte. */
const textOf = (error: WgqError): string =>
  error.wgText === undefined ? error.message : Buffer.from(error.wgText, 'latin1').toString()
