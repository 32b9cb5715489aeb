// SPDX-License-Identifier: MIT
import { rmSync } from 'node:fs'
import type { Session } from '../session.ts'
import { undo } from '../undo.ts'
import { currentNetns, type Journal, JournalKeeper } from './journal.ts'
import { foreignJournals, journalsOfEarlierBoots } from './journal-files.ts'
import { livingNamespaces } from './living-namespaces.ts'
import { Run } from './run.ts'

/**
 * Removes journals whose tunnels cannot exist any more: those of an earlier boot, and those of deleted network
 * namespaces. For an earlier boot in this namespace, undoes changes to files of name servers; the reboot removed
 * everything else. If the list of namespaces is unknown (`living`, see {@link livingNamespaces}), their journals stay.
 */
export const removeLostJournals = async (session: Session, living = livingNamespaces): Promise<void> => {
  const { runDirectory } = session
  for (const { path, journal } of journalsOfEarlierBoots(runDirectory))
    if (journal.netns === currentNetns())
      await undo(new Run({ ...session, name: journal.interface }, journalOfFiles(runDirectory, journal)))
    else rmSync(path, { force: true })
  // List journals before scanning namespaces, so that one created meanwhile cannot be in the list.
  const foreign = foreignJournals(runDirectory)
  const there = foreign.length === 0 ? undefined : living()
  if (!there) return
  for (const { path, journal } of foreign) if (!there.has(journal.netns)) rmSync(path, { force: true })
}

/** An earlier boot leaves only files: those of name servers, and the records of resolvconf in the same /run. */
const journalOfFiles = (runDirectory: string, journal: Journal): JournalKeeper => {
  const undo = journal.undo.filter((op) => op.do === 'dns.unset' && op.manager !== 'resolvectl')
  return new JournalKeeper(runDirectory, { ...journal, undo })
}
