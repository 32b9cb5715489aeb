// SPDX-License-Identifier: MIT
import type { Route } from '@wgq/model/host'
import { closeGateway } from './gateway.ts'
import { type Journal, JournalKeeper, notedKillSwitch, readJournal } from './run/journal.ts'
import { abandonedJournals, setAsideUnreadable } from './run/journal-files.ts'
import { sweep, withFreeLock } from './run/lock.ts'
import { removeLostJournals } from './run/lost-journals.ts'
import { Run } from './run/run.ts'
import { lockName } from './run/under-lock.ts'
import type { Session } from './session.ts'
import { endDaemon } from './systems/end-daemon.ts'
import { isOwn, linkOf, undo } from './undo.ts'

/**
 * Cleans up after interrupted runs (killed, crashed) of every interface. Drops this interface's journal if the tunnel
 * it describes is gone, and all journals whose namespace or boot is gone. Keeps a kill switch of this interface if
 * `keepKillSwitch`, and always one of another interface: its own next `up` or `down` decides. The caller has the lock
 * of this interface; another interface whose lock is held is left to its holder. Resolves to the interfaces that were
 * cleaned up, each with the status of what could not be undone, or 0.
 */
export const recover = async (
  session: Session,
  keepKillSwitch = false,
): Promise<ReadonlyMap<string, number>> => {
  const { runDirectory, name, dependencies } = session
  const cleaned = new Map<string, number>()
  sweep(runDirectory)
  for (const path of setAsideUnreadable(runDirectory, name))
    dependencies.print(`[!] A journal of ${name} cannot be used and was set aside as ${path}.\n`)
  await removeLostJournals(session)
  for (const journal of abandonedJournals(runDirectory)) {
    const { interface: other } = journal
    if (other === name) {
      // The interface of a daemon that is still starting would appear after the cleanup.
      if (journal.linkIndex === undefined) await endDaemon(journal)
      cleaned.set(name, await undo(runOf(session, journal), keepKillSwitch))
    } else
      await withFreeLock(runDirectory, lockName(other), async () => {
        // A run of that interface may have replaced it since.
        const still = abandonedJournals(runDirectory).find((left) => left.interface === other)
        if (still) cleaned.set(other, await undo(runOf(session, still), true))
      })
  }
  const own = readJournal(runDirectory, name)
  // Under its own name wgq succeeds if there was something to clean up; upstream's `down` refuses.
  const dropped = own?.state === 'up' ? await dropIfGone(session, own, keepKillSwitch) : undefined
  if (dropped !== undefined && session.style === 'wgq') cleaned.set(name, dropped)
  return cleaned
}

/** Ignores our own `unreachable` routes, although the IPv6 one is on the loopback interface. */
export const isWay = ({ dev, type }: Route): boolean => dev !== undefined && type === undefined

const runOf = (session: Session, journal: Journal): Run =>
  new Run({ ...session, name: journal.interface }, new JournalKeeper(session.runDirectory, journal))

/**
 * Undoes what is left of a tunnel whose interface is gone; undefined if it is not, or nothing is left. The interface
 * was deleted by other means: upstream's `down`, `ip link delete`. Rules may remain.
 */
const dropIfGone = async (
  session: Session,
  journal: Journal,
  keepKillSwitch: boolean,
): Promise<number | undefined> => {
  const { host } = session.dependencies
  const link = await linkOf(session, journal)
  if (link && isOwn(link, journal)) return undefined
  const run = runOf(session, journal)
  const mark = journal.undo.find((op) => op.do === 'rule.delete' && op.rule.notFwmark !== undefined)
  const table = mark?.do === 'rule.delete' ? mark.rule.table : undefined
  // Another tunnel may have taken the mark since: then its table has a route, and the rules belong to that tunnel.
  const taken =
    table !== undefined &&
    ((await host.routes({ family: 4, table })).some(isWay) ||
      (await host.routes({ family: 6, table })).some(isWay))
  if (link || taken) {
    await closeGateway(run, journal)
    const kept = notedKillSwitch(journal)
    if (keepKillSwitch && kept.length > 0) run.keeper?.update({ undo: kept })
    else run.keeper?.remove()
    return undefined
  }
  return undo(run, keepKillSwitch)
}
