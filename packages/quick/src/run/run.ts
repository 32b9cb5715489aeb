// SPDX-License-Identifier: MIT
import type { IfName, Op } from '@wgq/model/operation'
import type { Session } from '../session.ts'
import type { System } from '../systems/system.ts'
import { isHostOp } from './act.ts'
import { Interrupted, statusOf } from './failure.ts'
import type { JournalKeeper } from './journal.ts'

/** Runs one verb on one tunnel: notes operations in the journal, prints their `[#]` lines, carries them out. */
export class Run {
  readonly session: Session
  /** Absent if nothing needs undoing. */
  readonly keeper: JournalKeeper | undefined

  constructor(session: Session, keeper?: JournalKeeper) {
    this.session = session
    this.keeper = keeper
  }

  get name(): IfName {
    return this.session.name
  }

  get system(): System {
    return this.session.system
  }

  /** The same run with the host and programs of another namespace. */
  in(session: Session): Run {
    return new Run(session, this.keeper)
  }

  /** The same run, which signals do not stop. */
  get unstoppable(): Run {
    return new Run({ ...this.session, interruption: {} }, this.keeper)
  }

  /**
   * Carries out operations in order; consecutive host operations form one batch. Raises {@link Failure} at the first
   * one that fails, after printing why (`say`: standard error by default), and {@link Interrupted} before the next one
   * after a signal.
   */
  async perform(ops: readonly Op[], say = this.session.dependencies.print): Promise<void> {
    for (const batch of batches(ops)) {
      this.stopOnSignal()
      this.keeper?.intend(batch)
      try {
        if (isHostOp(batch[0] as Op)) await this.system.applyToHost(batch, this.session, say)
        else await this.performOne(batch[0] as Op)
      } catch (error) {
        const { applied = 0, hasBegun = false } = error as { applied?: number; hasBegun?: boolean }
        const part = this.system.leavesPart(batch[applied] as Op, hasBegun) ? 1 : 0
        this.keeper?.retract(batch.slice(applied + part))
        this.keeper?.settle(batch.slice(0, applied))
        throw error
      }
      this.keeper?.settle(batch)
      for (const op of batch) this.session.notice?.(op)
    }
    this.stopOnSignal()
  }

  /**
   * Carries out operations one at a time and tries all of them even if some fail. Resolves to the status of the first
   * failure, or 0.
   */
  async attempt(ops: readonly Op[]): Promise<number> {
    let status = 0
    for (const op of ops) {
      try {
        await this.perform([op])
      } catch (error) {
        if (error instanceof Interrupted) throw error
        const ended = statusOf(error, this.session.dependencies.print)
        status ||= ended
      }
    }
    return status
  }

  private async performOne(op: Op): Promise<void> {
    const words = this.system.spell(op, this.session)
    if (words !== undefined) this.session.dependencies.print(`[#] ${words.replaceAll('\n', '\n[#] ')}\n`)
    await (this.session.act ?? this.system.act)(op, this.session)
  }

  private stopOnSignal(): void {
    const { signal } = this.session.interruption
    if (signal) throw new Interrupted(signal)
  }
}

/** Splits a list into batches of host operations and single operations of other kinds. */
const batches = (ops: readonly Op[]): Op[][] => {
  const out: Op[][] = []
  for (const op of ops) {
    const last = out.at(-1)
    if (last && isHostOp(op) && isHostOp(last[0] as Op)) last.push(op)
    else out.push([op])
  }
  return out
}
