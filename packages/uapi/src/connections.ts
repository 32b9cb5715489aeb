// SPDX-License-Identifier: MIT
import { monotonicMs } from '@wgq/model/monotonic'

/** Connections that may be open at once. */
export const mostConnections = 512
/** Bytes of unfinished requests and unread replies of all connections together; one may hold more when it is alone, and all may
 *  while they read and write. */
export const mostHeldBytes = 4 << 20
/** What those who read and write may hold together: above it they make room too. */
export const mostBusyBytes = 16 << 20
/** Who holds no more than this makes no room. */
export const smallBytes = 8 << 10
/** Milliseconds without a byte read or written after which a connection is quiet. */
export const quietMs = 250
/** Milliseconds for a whole request, from its first byte. */
export const requestTimeMs = 60_000
/** Milliseconds for a client to read more of its reply. */
export const readTimeMs = 10_000

/** A connection that can be ended. */
interface Endable {
  /** Closes it at once and calls {@link Connections.forget}. */
  destroy(): void
}

interface Held {
  bytes: number
  /** The reply that is held, by several connections perhaps. */
  reply: object | undefined
  activeMs: number
  /** When it has to be done with what it does; Infinity when it does nothing. */
  deadline: number
}

/**
 * What all connections may hold together. There is always room for one more: the one that did nothing for the longest
 * time makes it. So nobody is shut out by connections that somebody else leaves lying about.
 */
export class Connections {
  /** The least recently active one first. */
  private readonly open = new Map<Endable, Held>()
  private total = 0
  private readonly nowMs: () => number

  /** `nowMs` is a clock in milliseconds that never goes back. */
  constructor(nowMs: () => number = monotonicMs) {
    this.nowMs = nowMs
  }

  /** Bytes held by all. */
  get heldBytes(): number {
    return this.total
  }

  get count(): number {
    return this.open.size
  }

  /** Takes a new connection in, until it is closed. */
  add(connection: Endable): void {
    this.open.set(connection, {
      bytes: 0,
      reply: undefined,
      activeMs: this.nowMs(),
      deadline: Number.POSITIVE_INFINITY,
    })
    if (this.open.size > mostConnections) this.endQuietest()
  }

  /** Ends the connection that did nothing for the longest time; false when there is none. */
  endQuietest(): boolean {
    const quietest = this.open.keys().next().value
    quietest?.destroy()
    return quietest !== undefined
  }

  /** A connection is closed. */
  forget(connection: Endable): void {
    this.total -= this.open.get(connection)?.bytes ?? 0
    this.open.delete(connection)
  }

  /** The connection holds so many bytes now, of `reply` where it reads one, and was active. `timeMs` from now it must be further;
   *  undefined: as it was. */
  hold(connection: Endable, bytes: number, timeMs?: number, reply?: object): void {
    const held = this.open.get(connection)
    if (!held) return
    const now = this.nowMs()
    this.total += bytes - held.bytes
    Object.assign(held, { bytes, reply, activeMs: now })
    if (timeMs !== undefined) held.deadline = now + timeMs
    this.open.delete(connection)
    this.open.set(connection, held)
    if (this.total > mostHeldBytes) this.makeRoom(connection, reply)
  }

  /** Ends the connections whose time is over. */
  sweep(): void {
    const now = this.nowMs()
    for (const [connection, { deadline }] of this.open) if (deadline <= now) connection.destroy()
    const active = [...this.open.keys()].at(-1)
    if (active) this.makeRoom(active, this.open.get(active)?.reply)
  }

  /** Ends all. */
  close(): void {
    for (const connection of [...this.open.keys()]) connection.destroy()
  }

  /** Ends none of those that share the reply: it is there for as long as one of them reads it. */
  private makeRoom(except: Endable, reply: object | undefined): void {
    const busySince = this.nowMs() - quietMs
    for (const [connection, held] of this.open) {
      if (this.total <= mostHeldBytes) return
      if (held.activeMs > busySince && this.total <= mostBusyBytes) return
      const shares = reply !== undefined && held.reply === reply
      if (held.bytes > smallBytes && connection !== except && !shares) connection.destroy()
    }
  }
}
