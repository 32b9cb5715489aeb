// SPDX-License-Identifier: MIT

/** Changes come in bursts: this long after one it is looked at, so that the rest of the burst is in. */
const settleMs = 300
/** Looks that find nothing are this far apart at least, and twice as far after each, up to the longest. */
const firstQuietMs = 1000
/** After changes that are about the tunnel. */
const ownQuietMs = 2000
/** So many repairs in a row are made at once. */
const eagerRepairs = 4
const longestQuietMs = 60_000
/** Without any change the tunnel is looked at so often: what the kernel does not tell of is found then. */
const idleMs = 1_800_000

/**
 * Says when a tunnel is to be compared with its file: soon after a change, seldom while changes are nobody's business of it
 * (a routing daemon, a wireless driver). Times are milliseconds of one clock that does not jump.
 */
export class Pace {
  private due: number
  private quietMs = firstQuietMs
  private repairs = 0
  private lastLook: number
  /** Something changed since a look began, and whether that may be about the tunnel. */
  private during: boolean | undefined

  constructor(now: number) {
    this.lastLook = now
    this.due = now + idleMs
  }

  /** Something changed; `ours`: it may be about the tunnel itself, and noise of others does not hold it up. */
  changed(now: number, ours = false): void {
    this.during = ours || (this.during ?? false)
    const isFight = this.repairs > eagerRepairs
    const quietMs = ours && !isFight ? Math.min(this.quietMs, ownQuietMs) : this.quietMs
    this.due = Math.min(this.due, Math.max(now + settleMs, this.lastLook + quietMs))
  }

  /** The machine slept, or somebody asks: nothing of before counts. */
  restart(now: number): void {
    this.quietMs = firstQuietMs
    this.repairs = 0
    this.due = now + settleMs
  }

  /** A look begins: what changes from now on may not be seen by it. */
  begins(): void {
    this.during = undefined
  }

  /**
   * A look ended; `found` says whether the tunnel differed from its file. What a repair brings about is looked at once more;
   * where somebody undoes one after the other, that takes longer and longer.
   */
  looked(now: number, found: boolean): void {
    this.lastLook = now
    this.repairs = found ? this.repairs + 1 : 0
    const eager = found && this.repairs <= eagerRepairs
    this.quietMs = eager ? firstQuietMs : Math.min(this.quietMs * 2, longestQuietMs)
    this.due = now + (found ? this.quietMs : idleMs)
    if (this.during !== undefined) this.changed(now, this.during)
  }

  /** Milliseconds until the next look; 0 when it is due. */
  waitMs(now: number): number {
    return Math.max(0, this.due - now)
  }
}
