// SPDX-License-Identifier: MIT
import type { Session } from '../session.ts'
import { Interrupted, signalStatus } from './failure.ts'
import { currentNetns, makeRunDirectory } from './journal.ts'
import { withLock } from './lock.ts'

/** Name of the lock of a tunnel in the network namespace of this process. */
export const lockName = (tunnel: string): string => `${tunnel}@${currentNetns()}`

/**
 * Runs a verb while no other one changes the same tunnel; a dry run changes nothing and does not wait. If a signal ends
 * the wait, resolves to 128 plus its number.
 */
export const underLock = async <T>(session: Session, work: () => Promise<T>): Promise<T | number> => {
  const { runDirectory, name, interruption, style, dependencies } = session
  if (session.act !== undefined) return work()
  makeRunDirectory(runDirectory)
  const onWait = (holder: number): void => {
    if (style === 'wgq') dependencies.print(`[!] Process ${holder} is at work on ${name}: waiting.\n`)
  }
  try {
    return await withLock(runDirectory, lockName(name), work, { interruption, onWait })
  } catch (error) {
    if (error instanceof Interrupted) return signalStatus(error.signal)
    throw error
  }
}
