// SPDX-License-Identifier: MIT
import type { Device } from '@wgq/model/device'
import { isLenient } from '../lenient.ts'
import { Failure } from '../run/failure.ts'
import type { Runner } from '../run/runner.ts'
import type { Session } from '../session.ts'
import { isDefault } from '../state/routes.ts'
import { managerFor, planDns } from './plan.ts'

/**
 * Puts the name servers of a configuration in place. Where that fails: under upstream's name so does `up`. Otherwise a
 * tunnel that takes everything fails too, because names would be asked for outside of it; one that takes a part goes on
 * without, and says so.
 */
export const setDns = async (session: Session, runner: Runner, device: Device | undefined): Promise<void> => {
  const { settings, edges, name } = session
  if (settings.dnsServers.length === 0) return
  const full = device?.peers.some((peer) => peer.allowedIps.some(isDefault)) ?? false
  const choice = managerFor(session)
  const why = 'none' in choice ? choice.none : await attempt(runner, session)
  if (why === undefined) return
  if (full || !isLenient(session)) {
    edges.print(`[!] The name servers of ${name} cannot be set: ${why}.\n`)
    throw new Failure(1)
  }
  edges.print(`[!] Going on without the name servers of ${name}: ${why}. Names are resolved as before.\n`)
}

/** Why it did not work; undefined when it did. Under upstream's name the failure goes through as it is. */
const attempt = async (runner: Runner, session: Session): Promise<string | undefined> => {
  const ops = planDns(session)
  try {
    await runner.perform(ops)
    return undefined
  } catch (error) {
    if (session.style === 'wg-quick' || !(error instanceof Failure)) throw error
    return `the command above failed with status ${error.status}`
  }
}
