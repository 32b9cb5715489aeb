// SPDX-License-Identifier: MIT

/** Changes arrive in bursts: wait this long after one before the check, so that it covers the rest of the burst. */
const settleMs = 300
/** Minimum interval after a check that finds nothing; doubles each time, up to the maximum. */
const firstQuietMs = 1000
/** Minimum interval after changes that concern the tunnel. */
const ownQuietMs = 2000
/** This many repairs in a row are made without delay. */
const eagerRepairs = 4
const longestQuietMs = 60_000
/** Interval between checks without any event; finds changes that the kernel does not report. */
const idleMs = 1_800_000

/**
 * Decides when to compare a tunnel with its file: soon after a change, and rarely while changes do not concern it (a
 * routing daemon, a wireless driver). Times are milliseconds of one monotonic clock.
 */
export class Pace {
  private due: number
  private quietMs = firstQuietMs
  private repairs = 0
  private lastLook: number
  /** Whether a change since the start of a check may concern the tunnel; undefined without a change. */
  private during: boolean | undefined

  constructor(now: number) {
    this.lastLook = now
    this.due = now + idleMs
  }

  /** Records a change; `ours`: it may concern the tunnel itself, so unrelated changes do not delay its check. */
  changed(now: number, ours = false): void {
    this.during = ours || (this.during ?? false)
    const isFight = this.repairs > eagerRepairs
    const quietMs = ours && !isFight ? Math.min(this.quietMs, ownQuietMs) : this.quietMs
    this.due = Math.min(this.due, Math.max(now + settleMs, this.lastLook + quietMs))
  }

  /** Resets the pace after a sleep or on request, and schedules a check. */
  restart(now: number): void {
    this.quietMs = firstQuietMs
    this.repairs = 0
    this.due = now + settleMs
  }

  /** Records the start of a check, which may miss later changes. */
  begins(): void {
    this.during = undefined
  }

  /**
   * Records the end of a check; `found`: the tunnel differed from its file. Another check follows each repair; if
   * another program keeps undoing repairs, the interval grows.
   */
  looked(now: number, found: boolean): void {
    this.lastLook = now
    this.repairs = found ? this.repairs + 1 : 0
    const eager = found && this.repairs <= eagerRepairs
    this.quietMs = eager ? firstQuietMs : Math.min(this.quietMs * 2, longestQuietMs)
    this.due = now + (found ? this.quietMs : idleMs)
    if (this.during !== undefined) this.changed(now, this.during)
  }

  /** Milliseconds until the next check; 0 if it is due. */
  waitMs(now: number): number {
    return Math.max(0, this.due - now)
  }
}
