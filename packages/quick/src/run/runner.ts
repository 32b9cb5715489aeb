// SPDX-License-Identifier: MIT
import { setTimeout as sleep } from 'node:timers/promises'
import { isWgqError } from '@wgq/model/error'
import type { Op } from '@wgq/model/operation'
import type { Session } from '../session.ts'
import { act, isHostOp } from './act.ts'
import { Failure, Interrupted } from './failure.ts'
import type { JournalKeeper } from './journal.ts'
import { spell } from './spell.ts'

/** How long a daemon may take to end; wireguard-go needs a few milliseconds. */
const daemonEndMs = 1000
const pollMs = 5

/** Carries out operations: notes them in the journal, prints the `[#]` lines, acts. */
export class Runner {
  private readonly session: Session
  private readonly keeper: JournalKeeper | undefined

  constructor(session: Session, keeper?: JournalKeeper) {
    this.session = session
    this.keeper = keeper
  }

  /**
   * Carries out operations in order; rows of host operations go out as one batch. Raises {@link Failure} at the first
   * one that fails (the user has been told) and {@link Interrupted} before the next one after a signal.
   */
  async perform(ops: readonly Op[]): Promise<void> {
    for (const batch of batches(ops)) {
      const { signal } = this.session.interruption
      if (signal) throw new Interrupted(signal)
      this.keeper?.intend(batch)
      const first = batch[0] as Op
      if (isHostOp(first)) await this.performOnHost(batch)
      else await this.performOne(first)
    }
    const { signal } = this.session.interruption
    if (signal) throw new Interrupted(signal)
  }

  private async performOne(op: Op): Promise<void> {
    this.echo([op])
    try {
      await (this.session.act ?? act)(op, this.session)
      this.session.notice?.(op)
    } catch (error) {
      // A firewall tool may have loaded one table of two; what is there is looked at before it is removed.
      if (op.do !== 'firewall.load') this.keeper?.retract([op])
      throw error
    }
  }

  /** The lines of a batch follow the act, so that they end with the operation that failed. */
  private async performOnHost(batch: readonly Op[]): Promise<void> {
    const alone = batch.length === 1
    if (alone) this.echo(batch)
    try {
      await this.session.edges.host.apply(batch)
    } catch (error) {
      if (!isWgqError(error)) throw error
      const applied = (error as { applied?: number }).applied ?? 0
      this.keeper?.retract(batch.slice(applied))
      if (!alone) this.echo(batch.slice(0, applied + 1))
      this.session.edges.print(`${error.message}\n`)
      throw new Failure(error.exitCode)
    }
    if (!alone) this.echo(batch)
    for (const op of batch) this.session.notice?.(op)
    for (const op of batch) if (op.do === 'link.delete') await this.daemonEnd(op.name)
  }

  /**
   * Waits a moment until a userspace daemon has noticed that its interface is gone: its socket must not be taken for that
   * of the next one. A socket that is left over is removed by asking for it.
   */
  private async daemonEnd(name: string): Promise<void> {
    const deadline = Date.now() + daemonEndMs
    while (Date.now() < deadline) {
      const devices = await this.session.edges.devices.list().catch((): string[] => [])
      if (!devices.includes(name)) return
      await sleep(pollMs)
    }
  }

  private echo(ops: readonly Op[]): void {
    const lines = ops.map(spell).filter((line) => line !== undefined)
    if (lines.length > 0) this.session.edges.print(lines.map((line) => `[#] ${line}\n`).join(''))
  }
}

/** Cuts a list into rows that the host takes at once and single operations of other kinds. */
const batches = (ops: readonly Op[]): Op[][] => {
  const out: Op[][] = []
  for (const op of ops) {
    const last = out.at(-1)
    if (last && isHostOp(op) && isHostOp(last[0] as Op)) last.push(op)
    else out.push([op])
  }
  return out
}
