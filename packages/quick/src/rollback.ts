// SPDX-License-Identifier: MIT
import { Failure, Interrupted } from './failure.ts'
import type { JournalKeeper } from './journal.ts'
import type { Session } from './session.ts'
import { undo } from './undo.ts'

/**
 * Undoes a run of `up` that broke off and resolves to the exit status: that of what failed, 1 after a signal (upstream's
 * status, spec wg-quick §8). Raises what was no failure of a step, after undoing as well.
 */
export const rollBack = async (session: Session, keeper: JournalKeeper, error: unknown): Promise<number> => {
  const undone = await undo(session, keeper)
  if (error instanceof Failure) return undone || error.status
  if (error instanceof Interrupted) return undone || 1
  throw error
}
