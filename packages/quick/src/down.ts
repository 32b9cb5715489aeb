// SPDX-License-Identifier: MIT
import { constants } from 'node:os'
import type { Op } from '@wgq/model/operation'
import { planDnsRemoval } from './dns/plan.ts'
import { planFirewallRemoval } from './firewall/choose.ts'
import { sayInaccessible } from './inaccessible.ts'
import { notWireGuard } from './not-wireguard.ts'
import { recover } from './recover.ts'
import { Failure, Interrupted } from './run/failure.ts'
import { planHooks } from './run/hooks.ts'
import { type Journal, JournalKeeper, makeRunDirectory, readJournal } from './run/journal.ts'
import { sessionOf } from './run/namespace.ts'
import { Runner } from './run/runner.ts'
import { save } from './save.ts'
import type { Session } from './session.ts'
import { isDefault, readRouting } from './state/routes.ts'
import { planJournalRules, planMarkRules } from './state/rules.ts'
import { forgetTry } from './try.ts'

/**
 * wg-quick down: takes an interface down, whoever brought it up, in upstream's order (spec wg-quick §7). Resolves to the
 * exit status. Raises `E_NOT_WIREGUARD` where there is no such interface. What a hook breaks off stays as it is then.
 */
export const down = async (session: Session): Promise<number> => {
  const { name, settings, edges } = session
  makeRunDirectory(session.runDirectory)
  forgetTry(session)
  const cleaned = await recover(session)
  const journal = readJournal(session.runDirectory, name)
  const inside = await sessionOf(session, journal)
  // The kernel lists the devices of one namespace only.
  if (inside === session && !(await edges.devices.list()).includes(name)) {
    if (cleaned.includes(name)) return 0
    throw notWireGuard(name)
  }
  const runner = new Runner(inside)
  try {
    await runner.perform(planHooks(name, settings.hooks.preDown))
    if (settings.saveConfig) await save(inside)
    await takeDown(inside, journal)
    if (journal) new JournalKeeper(session.runDirectory, journal).remove()
    await runner.perform(planHooks(name, settings.hooks.postDown))
    return 0
  } catch (error) {
    if (error instanceof Failure) return error.status
    if (error instanceof Interrupted) return 128 + constants.signals[error.signal]
    throw error
  }
}

/**
 * Takes an interface down whose configuration file is gone. What a cut-off run left is cleaned up under either name; a
 * tunnel that runs is taken down by its journal, without hooks, under wgq's own (upstream refuses). Resolves to 0, or to
 * undefined where nothing could be done.
 */
export const downWithoutConfig = async (session: Session): Promise<number | undefined> => {
  const { name, style, edges } = session
  const cleaned = await recover(session)
  if (cleaned.includes(name)) return 0
  const journal = readJournal(session.runDirectory, name)
  if (style !== 'wgq' || !journal) return undefined
  edges.print(`[!] The configuration of ${name} is gone: going by what \`up\` noted, without hooks.\n`)
  const inside = await sessionOf(session, journal)
  await takeDown(inside, journal)
  new JournalKeeper(session.runDirectory, journal).remove()
  return 0
}

/** Rules and interface, then DNS and firewall, whose failures do not count. Signals wait until it is through. */
const takeDown = async (session: Session, journal: Journal | undefined): Promise<void> => {
  const runner = new Runner({ ...session, interruption: {} })
  const { name, edges } = session
  if (!(await edges.host.link(name))) await sayInaccessible(session)
  await runner.perform(await planRules(session, journal))
  let gone: unknown
  try {
    await runner.perform([{ do: 'link.delete', name }])
  } catch (error) {
    // A hook deleted it: what is left to clean up still is.
    if (!(error instanceof Failure) || (await edges.host.link(name))) throw error
    gone = error
  }
  await forgiving(runner, planDnsRemoval(session, journal))
  await forgiving(runner, await planFirewallRemoval(edges, name))
  await forgiving(runner, journal?.undo.filter((op) => op.do === 'killswitch.off').slice(0, 1) ?? [])
  if (gone && journal) new JournalKeeper(session.runDirectory, journal).remove()
  if (gone) throw gone
}

const forgiving = async (runner: Runner, ops: readonly Op[]): Promise<void> => {
  for (const op of ops) {
    try {
      await runner.perform([op])
    } catch (error) {
      if (!(error instanceof Failure)) throw error
    }
  }
}

/** With a journal the rules it notes, else (upstream's `up`) those of the device's mark while it has a default route. */
const planRules = async (session: Session, journal: Journal | undefined): Promise<Op[]> => {
  const { host } = session.edges
  if (journal) {
    if (!journal.undo.some((op) => op.do === 'rule.delete')) return []
    return planJournalRules(journal.undo, [...(await host.rules(4)), ...(await host.rules(6))])
  }
  if (readRouting(session.settings.table?.value).to !== 'auto') return []
  const device = await session.edges.devices.read(session.name).catch(() => undefined)
  const hasDefault = device?.peers.some((peer) => peer.allowedIps.some(isDefault))
  if (!device || device.fwmark === 0 || !hasDefault) return []
  return planMarkRules(device.fwmark, [...(await host.rules(4)), ...(await host.rules(6))])
}
