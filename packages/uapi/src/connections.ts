// SPDX-License-Identifier: MIT
import { monotonicMs } from '@wgq/model/monotonic'

/** Connections that may be open at once. */
export const mostConnections = 512
/**
 * Limit in bytes for unfinished requests and unread replies of all connections together. A single connection may exceed
 * it, and so may active connections, up to {@link mostBusyBytes}.
 */
export const mostHeldBytes = 4 << 20
/** Limit in bytes for active connections: above it they are closed too. */
export const mostBusyBytes = 16 << 20
/** Connections that hold no more bytes than this are never closed to make room. */
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
  /** The reply that is held, possibly shared with other connections. */
  reply: object | undefined
  activeMs: number
  /** When its current request or reply must be finished; Infinity when idle. */
  deadline: number
}

/**
 * Limits what all connections hold together. A new connection is always accepted: the one idle for the longest time is
 * closed for it. So idle connections of one client cannot lock out others.
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

  /** Registers a new connection until it is closed. */
  add(connection: Endable): void {
    this.open.set(connection, {
      bytes: 0,
      reply: undefined,
      activeMs: this.nowMs(),
      deadline: Number.POSITIVE_INFINITY,
    })
    if (this.open.size > mostConnections) this.endQuietest()
  }

  /** Closes the connection that was idle for the longest time; returns false if there is none. */
  endQuietest(): boolean {
    const quietest = this.open.keys().next().value
    quietest?.destroy()
    return quietest !== undefined
  }

  /** Unregisters a closed connection. */
  forget(connection: Endable): void {
    this.total -= this.open.get(connection)?.bytes ?? 0
    this.open.delete(connection)
  }

  /**
   * Records that the connection was active and now holds `bytes`, of `reply` if it reads one. It must make progress
   * within `timeMs`; undefined keeps the old deadline.
   */
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

  /** Closes the connections whose deadline has passed. */
  sweep(): void {
    const now = this.nowMs()
    for (const [connection, { deadline }] of this.open) if (deadline <= now) connection.destroy()
    const active = [...this.open.keys()].at(-1)
    if (active) this.makeRoom(active, this.open.get(active)?.reply)
  }

  /** Closes all connections. */
  close(): void {
    for (const connection of [...this.open.keys()]) connection.destroy()
  }

  /** Spares connections that share the reply: it stays in memory as long as one of them reads it. */
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
