// SPDX-License-Identifier: MIT
import type { Peer } from './peer.ts'

/** After so long without an answer a peer is silent; what it got last may have been lost on the way. */
const silentAfterMs = 2000
/** Listeners are called so often at most, however many peers fall silent. */
const gatherMs = 1000

/** Calls listeners when peers begin not to answer, so that nobody has to read counters again and again. */
export class SilenceWatch {
  private readonly silentMs: (peer: Peer) => number
  private readonly listeners = new Set<() => void>()
  /** Peers that owe an answer, and when they are looked at. */
  private readonly due = new Map<Peer, number>()
  private timer: NodeJS.Timeout | undefined

  /** `silentMs` says how long a peer has not answered; 0 where it owes nothing. */
  constructor(silentMs: (peer: Peer) => number) {
    this.silentMs = silentMs
  }

  /** Has `listener` called from now on. Returns what ends that. */
  listen(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => {
      this.listeners.delete(listener)
      if (this.listeners.size === 0) this.close()
    }
  }

  /** Something went out to a peer that it owes an answer to. */
  note(peer: Peer): void {
    if (this.listeners.size === 0 || this.due.has(peer)) return
    this.due.set(peer, performance.now() + silentAfterMs)
    this.arm(silentAfterMs)
  }

  /** Forgets all peers; listeners stay. */
  close(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    this.due.clear()
  }

  private arm(inMs: number): void {
    this.timer ??= setTimeout(() => this.look(), Math.ceil(inMs)).unref()
  }

  private look(): void {
    this.timer = undefined
    const now = performance.now()
    let isSilent = false
    for (const [peer, at] of this.due) {
      if (at > now) continue
      const silentMs = this.silentMs(peer)
      // It answered meanwhile and owes another answer since.
      if (silentMs > 0 && silentMs < silentAfterMs) this.due.set(peer, now + silentAfterMs - silentMs)
      else this.due.delete(peer)
      isSilent ||= silentMs >= silentAfterMs
    }
    if (this.due.size > 0) this.arm(Math.max(gatherMs, Math.min(...this.due.values()) - now))
    if (isSilent) for (const listener of this.listeners) listener()
  }
}
