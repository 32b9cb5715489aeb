// SPDX-License-Identifier: MIT
import { constants } from 'node:os'
import { sayInaccessible } from './inaccessible.ts'
import { Failure, Interrupted } from './run/failure.ts'
import type { JournalKeeper } from './run/journal.ts'
import type { Session } from './session.ts'
import { undo } from './undo.ts'

/**
 * Undoes a run of `up` that broke off and resolves to the exit status: that of what failed; after a signal 1 as upstream (spec
 * wg-quick §8), under wgq's name 128 and its number. Raises what was no failure of a step, after undoing as well.
 */
export const rollBack = async (session: Session, keeper: JournalKeeper, error: unknown): Promise<number> => {
  const undone = (await undo(session, keeper)) || (await deleteInVain(session, keeper))
  if (session.style === 'wgq' && undone === 0)
    session.edges.print(`[!] ${session.name} did not come up; everything is as it was before.\n`)
  // Ctrl-C reaches the child first: it fails, and the signal is why.
  const { signal } = session.interruption
  const stopped = error instanceof Failure || error instanceof Interrupted
  if (stopped && signal) return session.style === 'wgq' ? 128 + constants.signals[signal] : undone || 1
  if (error instanceof Failure) return undone || error.status
  throw error
}

/**
 * Upstream deletes the interface also when there is none, and the failure of that is its exit status (spec wg-quick §8).
 * Under its name the same is said; nothing is deleted that the run did not make.
 */
const deleteInVain = async (session: Session, keeper: JournalKeeper): Promise<number> => {
  const { name, edges, style } = session
  const made = keeper.journal.undo.some((op) => op.do === 'link.delete')
  if (style !== 'wg-quick' || made || (await edges.host.link(name))) return 0
  await sayInaccessible(session)
  edges.print(`[#] ip link delete dev ${name}\nCannot find device "${name}"\n`)
  return 1
}
