// SPDX-License-Identifier: MIT
import { abandonedJournals, type Journal, JournalKeeper, readJournal } from './run/journal.ts'
import { sweep } from './run/lock.ts'
import { removeLostJournals } from './run/lost-journals.ts'
import type { Session } from './session.ts'
import { isOwn, linkOf, undo } from './undo.ts'

/**
 * Cleans up after runs that never came to their end (killed, crashed), of whatever interface, and drops this interface's
 * journal where the tunnel it describes is gone, and all whose namespace or boot is. Resolves to the names of the interfaces that were cleaned up.
 */
export const recover = async (session: Session): Promise<string[]> => {
  const cleaned: string[] = []
  sweep(session.runDirectory)
  await removeLostJournals(session)
  for (const journal of abandonedJournals(session.runDirectory)) {
    await undo(session, new JournalKeeper(session.runDirectory, journal))
    cleaned.push(journal.interface)
  }
  const own = readJournal(session.runDirectory, session.name)
  // Under its own name wgq ends well when there was something to clean up; upstream's `down` refuses.
  if (own?.state === 'up' && (await dropIfGone(session, own)) && session.style === 'wgq')
    cleaned.push(own.interface)
  return cleaned
}

/**
 * Says whether something was cleaned up. The interface was deleted by other means: upstream's `down`, `ip link delete`.
 * Rules may have stayed behind.
 */
const dropIfGone = async (session: Session, journal: Journal): Promise<boolean> => {
  const { host } = session.edges
  const link = await linkOf(session, journal)
  if (link && isOwn(link, journal)) return false
  const keeper = new JournalKeeper(session.runDirectory, journal)
  const mark = journal.undo.find((op) => op.do === 'rule.delete' && op.rule.notFwmark !== undefined)
  const table = mark?.do === 'rule.delete' ? mark.rule.table : undefined
  // Another tunnel may have taken the mark since: then its table has a route, and the rules are that tunnel's.
  const taken =
    table !== undefined &&
    ((await host.routes({ family: 4, table })).length > 0 ||
      (await host.routes({ family: 6, table })).length > 0)
  if (link || taken) {
    keeper.remove()
    return false
  }
  await undo(session, keeper)
  return true
}
