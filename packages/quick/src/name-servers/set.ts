// SPDX-License-Identifier: MIT
import { isDomain, isNameServer } from '@wgq/config/dns-domain'
import { isSplit, splitManager } from '@wgq/dns/act'
import { readDns } from '@wgq/dns/answer'
import { remedy, whyNotSplit, whyNotTold } from '@wgq/dns/effective'
import type { Device } from '@wgq/model/device'
import { WgqError } from '@wgq/model/error'
import type { Op } from '@wgq/model/operation'
import { isLenient, leaveOut } from '../lenient.ts'
import { Failure } from '../run/failure.ts'
import { inverse } from '../run/inverse.ts'
import type { Run } from '../run/run.ts'
import type { Session } from '../session.ts'
import { isDefault } from '../state/routes.ts'
import { managerFor, planDns } from './plan.ts'

/**
 * Sets the name servers of a configuration. If that fails under upstream's name, `up` fails. Otherwise a tunnel that
 * takes all traffic fails too, because names would be resolved outside it; any other goes on without them and prints
 * so.
 */
export const setDns = async (run: Run, device: Device | undefined): Promise<void> => {
  const { session } = run
  const { settings } = session
  if (session.style === 'wgq') checkWords(session)
  if (settings.dnsServers.length === 0) {
    if (session.style === 'wgq' && settings.dnsSearch.length > 0) sayIdle(session)
    return
  }
  const full = device?.peers.some((peer) => peer.allowedIps.some(isDefault)) ?? false
  const choice = managerFor(session)
  if ('none' in choice) goOn(run, full, choice.none)
  else await perform(run, planDns(session), full)
}

/** Sets the name servers of a running tunnel, as {@link setDns} does for a new one. */
export const renewDns = (run: Run, op: Extract<Op, { do: 'dns.set' }>, full: boolean): Promise<void> =>
  perform(run, [op], full)

const perform = async (run: Run, ops: readonly Op[], full: boolean): Promise<void> => {
  const why = await attempt(run, ops)
  if (why !== undefined) goOn(run, full, why)
}

/** Goes on without name servers, or fails; notes it, so that it is not a difference later. */
const goOn = (run: Run, full: boolean, why: string): void => {
  const { dependencies, name } = run.session
  if (full || !isLenient(run.session)) {
    dependencies.print(`[!] The name servers of ${name} cannot be set: ${why}.\n`)
    throw new Failure(1)
  }
  leaveOut(run, 'dns')
  dependencies.print(
    `[!] Going on without the name servers of ${name}: ${why}. Names are resolved as before.\n`,
  )
}

/** Ignores the domains as wg-quick does, but prints a line about it. */
const sayIdle = ({ name, dependencies }: Session): void =>
  dependencies.print(
    `[!] DNS of ${name} has domains and no name server: names are resolved as before. Add the address of a server.\n`,
  )

/** Raises `E_DNS` for a word that is neither an address nor a domain; it may be a key, so it is not repeated. */
const checkWords = ({ settings: { dnsServers, dnsSearch } }: Session): void => {
  const wrong =
    dnsServers.find(({ value }) => !isNameServer(value)) ?? dnsSearch.find(({ value }) => !isDomain(value))
  if (!wrong) return
  throw new WgqError(
    'E_DNS',
    `DNS in line ${wrong.at.line}: expected addresses and domains, found something else`,
    {
      hint: 'name servers are given by their addresses; a URL or a port is not understood',
    },
  )
}

/** Resolves to why it failed, or undefined. Under upstream's name the failure passes through unchanged. */
const attempt = async (run: Run, ops: readonly Op[]): Promise<string | undefined> => {
  const { session } = run
  const { style, dependencies, name } = session
  const [op] = ops
  if (style === 'wg-quick' || op?.do !== 'dns.set') {
    await run.perform(ops)
    return undefined
  }
  const isResolvconf = splitManager(op.manager)[0] === 'resolvconf'
  const refusal = whyNotSplit(dependencies.find, op)
  if (refusal !== undefined) return refusal
  try {
    await run.perform(ops)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    await takeBack(run, op)
    const hint = isResolvconf ? `; ${remedy(dependencies.find('resolvconf'))}` : ''
    return `the command above failed with status ${error.status}${hint}`
  }
  if (session.act !== undefined) return undefined
  // It accepted them but cannot list them: querying it again is useless.
  if (isResolvconf && (await readDns(dependencies, name, op.manager, op)) === undefined) leaveOut(run, 'dns')
  const untold = await whyNotTold(dependencies, name, op)
  if (untold === undefined) return undefined
  if (isSplit(op.search)) {
    await takeBack(run, op)
    return untold
  }
  dependencies.print(`[!] Names do not go to the name servers of ${name}: ${untold}.\n`)
  return undefined
}

/** Undoes what a manager may have applied, in part or in full, before it failed. */
const takeBack = async (run: Run, op: Op): Promise<void> => {
  try {
    await run.perform([inverse(op) as Op])
  } catch (error) {
    if (!(error instanceof Failure)) throw error
  }
}
