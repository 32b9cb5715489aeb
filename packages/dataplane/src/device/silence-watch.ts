// SPDX-License-Identifier: MIT
import type { Peer } from './peer.ts'

/** A peer that has not answered for this long is silent; the last packet to it may just have been lost. */
const silentAfterMs = 2000
/** Minimum interval between calls of the listeners, however many peers become silent. */
const gatherMs = 1000

/** Calls listeners when peers stop answering, or for other news, so that no client has to poll the device. */
export class SilenceWatch {
  private readonly silentMs: (peer: Peer) => number
  private readonly listeners = new Set<() => void>()
  /** Peers that owe an answer, and when to check them. */
  private readonly due = new Map<Peer, number>()
  private timer: NodeJS.Timeout | undefined

  /** `silentMs` returns how long a peer has not answered; 0 if it owes no answer. */
  constructor(silentMs: (peer: Peer) => number) {
    this.silentMs = silentMs
  }

  /** Calls `listener` from now on. Returns a function that stops it. */
  listen(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => {
      this.listeners.delete(listener)
      if (this.listeners.size === 0) this.close()
    }
  }

  /** Calls the listeners for other news of the device. */
  tell(): void {
    for (const listener of this.listeners) listener()
  }

  /** Records that something was sent that the peer must answer. */
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
      // It has answered meanwhile and now owes another answer.
      if (silentMs > 0 && silentMs < silentAfterMs) this.due.set(peer, now + silentAfterMs - silentMs)
      else this.due.delete(peer)
      isSilent ||= silentMs >= silentAfterMs
    }
    if (this.due.size > 0) this.arm(Math.max(gatherMs, Math.min(...this.due.values()) - now))
    if (isSilent) this.tell()
  }
}
