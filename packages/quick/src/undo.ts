// SPDX-License-Identifier: MIT
import { isWgqError } from '@wgq/model/error'
import type { Link } from '@wgq/model/host'
import type { Op } from '@wgq/model/operation'
import { planFirewallRemoval } from './firewall/choose.ts'
import { allJournals, type Journal, type JournalKeeper } from './run/journal.ts'
import { sessionIfThere } from './run/namespace.ts'
import { Runner } from './run/runner.ts'
import type { Session } from './session.ts'
import { planJournalRules } from './state/rules.ts'

/**
 * Takes back everything that a journal notes, in upstream's order: DNS, firewall, rules, interface (spec wg-quick §8).
 * What is gone already is passed over; a step that fails does not keep the others from being tried. Resolves to the
 * status of the first one that failed, or 0. The journal is removed only when nothing failed.
 */
export const undo = async (session: Session, keeper: JournalKeeper): Promise<number> => {
  const { edges } = session
  const { journal } = keeper
  const outside = new Runner({ ...session, interruption: {} })
  let status = 0
  const attempt = async (ops: readonly Op[], runner = outside): Promise<void> => {
    for (const op of ops) {
      try {
        await runner.perform([op])
      } catch (error) {
        status ||= (error as { status?: number }).status ?? 1
      }
    }
  }
  await attempt(journal.undo.filter((op) => op.do === 'dns.unset').reverse())
  if (journal.undo.some((op) => op.do === 'firewall.unload'))
    await attempt(await planFirewallRemoval(edges, journal.interface))
  if (journal.undo.some((op) => op.do === 'rule.delete'))
    await attempt(
      planJournalRules(journal.undo, [...(await edges.host.rules(4)), ...(await edges.host.rules(6))]),
    )
  restoreSysctls(session, journal)
  const blocking = journal.undo.filter((op) => op.do === 'killswitch.off').slice(0, 1)
  const kept = session.keepKillSwitch ? blocking : []
  const there = await sessionIfThere(session, journal)
  const inside = there && new Runner({ ...there, interruption: {} })
  if (journal.undo.some((op) => op.do === 'link.delete')) {
    const link = await edges.host.link(journal.interface)
    if (link && isOwn(link, journal)) await attempt([{ do: 'link.delete', name: link.name }])
    else if (journal.into !== undefined && (await linkOf(session, journal)))
      await attempt([{ do: 'link.delete', name: journal.interface }], inside)
  }
  if (kept.length === 0 && inside) await attempt(blocking, inside)
  if (status === 0 && kept.length > 0) keeper.update({ state: 'up', undo: kept })
  else if (status === 0) keeper.remove()
  return status
}

/**
 * The interface is the one that the journal's run made. Before its index was noted, only one that nobody has put to use
 * yet can be it.
 */
export const isOwn = (link: Link, journal: Journal): boolean =>
  journal.linkIndex === undefined ? !link.up : link.index === journal.linkIndex

/** The interface of a journal, in the namespace it was moved to; undefined as well where that is gone. */
export const linkOf = async (session: Session, journal: Journal): Promise<Link | undefined> => {
  if (journal.into === undefined) return session.edges.host.link(journal.interface)
  try {
    return await (await sessionIfThere(session, journal))?.edges.host.link(journal.interface)
  } catch (error) {
    if (isWgqError(error)) return undefined
    throw error
  }
}

/** Puts sysctls back without a line, as upstream has none for it; not while another tunnel needs them. */
const restoreSysctls = ({ edges, runDirectory }: Session, journal: Journal): void => {
  const others = allJournals(runDirectory).filter((other) => other.interface !== journal.interface)
  if (others.some((other) => other.undo.some((op) => op.do === 'rule.delete'))) return
  for (const op of [...journal.undo].reverse()) {
    if (op.do !== 'sysctl.set') continue
    try {
      edges.writeSysctl(op.key, op.value)
    } catch {
      // It was writable a moment ago; nothing better can be done about it here.
    }
  }
}
