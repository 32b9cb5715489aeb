// SPDX-License-Identifier: MIT
import { isWgqError } from '@wgq/model/error'
import type { Link } from '@wgq/model/host'
import { closeGateway } from './gateway.ts'
import { sayInaccessible } from './inaccessible.ts'
import { Failure, Interrupted, signalStatus, statusOf } from './run/failure.ts'
import { type Journal, notedKillSwitch } from './run/journal.ts'
import { sessionIfThere } from './run/namespace.ts'
import type { Run } from './run/run.ts'
import type { Session } from './session.ts'

/**
 * Undoes everything that the journal of a run notes, in upstream's order: DNS, firewall, rules, interface (spec
 * wg-quick §8); a kill switch last, unless it is kept. Skips what is gone already; a step that fails stays noted, and
 * the others are still tried. Resolves to the status of the first failure, or 0.
 */
export const undo = async (run: Run, keepKillSwitch = false): Promise<number> => {
  const { keeper, session, system } = run
  if (!keeper) return 0
  const { journal } = keeper
  const outside = run.unstoppable
  const there = await sessionIfThere(session, journal)
  const inside = there && outside.in({ ...there, interruption: {} })
  let status = 0
  const step = async (work: () => Promise<number>): Promise<void> => {
    const ended = await work().catch((error: unknown) => statusOf(error, session.dependencies.print))
    status ||= ended
  }
  await step(() => outside.attempt(journal.undo.filter((op) => op.do === 'dns.unset').reverse()))
  await step(() => system.undoBeforeLink(outside))
  if (journal.undo.some((op) => op.do === 'link.delete')) await step(() => deleteOwnLink(outside, journal))
  await step(() => system.undoAfterLink(outside))
  if (inside) await step(() => closeGateway(inside, journal))
  const blocking = notedKillSwitch(journal)
  const kept = keepKillSwitch ? blocking : []
  if (kept.length === 0 && inside) await step(() => inside.attempt(blocking))
  if (status === 0 && kept.length > 0) keeper.update({ state: 'up', undo: kept })
  else if (status === 0) keeper.remove()
  return status
}

const deleteOwnLink = async (run: Run, journal: Journal): Promise<number> => {
  const found = await findLink(run.session, journal)
  if (!found || !isOwn(found.link, journal)) return 0
  await run.system.deleteLink(run.in({ ...found.session, interruption: {} }), found.link.name)
  run.keeper?.settle([{ do: 'link.delete', name: journal.interface }])
  return 0
}

/**
 * Says whether the journal's run made the interface. Before its index is noted, only an unused interface (not up) can
 * be it.
 */
export const isOwn = (link: Link, journal: Journal): boolean =>
  journal.linkIndex === undefined ? !link.up : link.index === journal.linkIndex

/** The interface of a journal, see {@link findLink}. */
export const linkOf = async (session: Session, journal: Journal): Promise<Link | undefined> =>
  (await findLink(session, journal))?.link

/**
 * The interface of a journal, even if renamed, and the session of its namespace: the one it was to be moved to, or this
 * one. Undefined if the interface or the namespace is gone.
 */
export const findLink = async (
  session: Session,
  journal: Journal,
): Promise<{ readonly link: Link; readonly session: Session } | undefined> => {
  for (const place of await placesOf(session, journal)) {
    const { host } = place.dependencies
    const link = await host.link(journal.interface)
    if (link && isOwn(link, journal)) return { link, session: place }
    // The kernel never reuses an index.
    const renamed =
      journal.linkIndex === undefined || journal.linkIndex === 0
        ? undefined
        : (await host.links()).find(({ index }) => index === journal.linkIndex)
    if (renamed) return { link: renamed, session: place }
    if (link) return { link, session: place }
  }
  return undefined
}

const placesOf = async (session: Session, journal: Journal): Promise<Session[]> => {
  if (journal.into === undefined) return [session]
  try {
    const there = await sessionIfThere(session, journal)
    await there?.dependencies.host.links()
    return there ? [there, session] : [session]
  } catch (error) {
    if (isWgqError(error)) return [session]
    throw error
  }
}

/**
 * Undoes an interrupted run of `up` and resolves to the exit status: that of the failure; after a signal 1 as upstream
 * (spec wg-quick §8), under wgq's name 128 plus its number. Rethrows other errors, after undoing as well.
 */
export const rollBack = async (run: Run, error: unknown, keepKillSwitch = false): Promise<number> => {
  const { session } = run
  const made = run.keeper?.journal.undo.some((op) => op.do === 'link.delete')
  const undone = (await undo(run, keepKillSwitch)) || (made ? 0 : await deleteInVain(run))
  if (session.style === 'wgq' && undone === 0)
    session.dependencies.print(`[!] ${session.name} did not come up; everything is as it was before.\n`)
  // Ctrl-C reaches the child first: it fails because of the signal.
  const { signal } = session.interruption
  const stopped = error instanceof Failure || error instanceof Interrupted
  if (stopped && signal) return session.style === 'wgq' ? signalStatus(signal) : undone || 1
  if (error instanceof Failure) return undone || error.status
  throw error
}

/**
 * Upstream deletes even a missing interface, and exits with the status of that failure (spec wg-quick §8). Under its
 * name prints the same; deletes nothing that the run did not make.
 */
const deleteInVain = async ({ session, system }: Run): Promise<number> => {
  const { name, dependencies, style } = session
  if (system.name !== 'linux' || style !== 'wg-quick' || (await dependencies.host.link(name))) return 0
  await sayInaccessible(session)
  dependencies.print(`[#] ip link delete dev ${name}\nCannot find device "${name}"\n`)
  return 1
}
