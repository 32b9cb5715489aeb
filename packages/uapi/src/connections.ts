// SPDX-License-Identifier: MIT

import type { Socket } from 'node:net'
import { monotonicMs } from '@wgq/model/monotonic'

/** Connections that may be open at once. */
export const mostConnections = 512
/** Bytes of unfinished requests and unread replies of all connections together; one may hold more when it is alone. */
export const mostHeldBytes = 4 << 20
/** Who holds no more than this makes no room. */
const smallBytes = 8 << 10
/** Milliseconds for a whole request, from its first byte. */
export const requestTimeMs = 60_000
/** Milliseconds for a client to read more of its reply. */
export const readTimeMs = 10_000

interface Held {
  bytes: number
  /** When it has to be done with what it does; Infinity when it does nothing. */
  deadline: number
}

/**
 * What all connections may hold together. There is always room for one more: the one that did nothing for the longest
 * time makes it. So nobody is shut out by connections that somebody else leaves lying about.
 */
export class Connections {
  /** The least recently active one first. */
  private readonly open = new Map<Socket, Held>()
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
  add(socket: Socket): void {
    this.open.set(socket, { bytes: 0, deadline: Number.POSITIVE_INFINITY })
    socket.once('close', () => this.forget(socket))
    if (this.open.size > mostConnections) this.end(this.open.keys().next().value as Socket)
  }

  /** The connection holds so many bytes now and was active. `timeMs` from now it must be further; undefined: as it was. */
  hold(socket: Socket, bytes: number, timeMs?: number): void {
    const held = this.open.get(socket)
    if (!held) return
    this.total += bytes - held.bytes
    held.bytes = bytes
    if (timeMs !== undefined) held.deadline = this.nowMs() + timeMs
    this.open.delete(socket)
    this.open.set(socket, held)
    if (this.total > mostHeldBytes) this.makeRoom(socket)
  }

  /** Ends the connections whose time is over. */
  sweep(): void {
    const now = this.nowMs()
    for (const [socket, { deadline }] of this.open) if (deadline <= now) this.end(socket)
  }

  /** Ends all. */
  close(): void {
    for (const socket of [...this.open.keys()]) this.end(socket)
  }

  private makeRoom(except: Socket): void {
    for (const [socket, { bytes }] of this.open) {
      if (this.total <= mostHeldBytes) return
      if (bytes > smallBytes && socket !== except) this.end(socket)
    }
  }

  private end(socket: Socket): void {
    this.forget(socket)
    socket.destroy()
  }

  private forget(socket: Socket): void {
    this.total -= this.open.get(socket)?.bytes ?? 0
    this.open.delete(socket)
  }
}
