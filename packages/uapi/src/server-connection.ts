// SPDX-License-Identifier: MIT

import { constants } from 'node:os'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { monotonicMs } from '@wgq/model/monotonic'
import { type Connections, readTimeMs, requestTimeMs } from './connections.ts'
import { type DeviceTurns, sliceMs } from './device-turns.ts'
import { Reply } from './reply.ts'
import { RequestBuffer } from './request-buffer.ts'
import type { Access } from './server-access.ts'
import type { ServedDevice } from './server-device.ts'
import { formatCounters, formatHealth } from './server-get.ts'
import type { Streams } from './streams.ts'

/** State shared by all connections. */
export interface ServedTogether {
  readonly device: ServedDevice
  readonly streams: Streams
  readonly turns: DeviceTurns
  readonly connections: Connections
  /** The access of the user who connected. */
  readonly accessOf: (stream: number) => Access
  /** The access of users other than root and the owner, if the socket lets them in; `read` restricts it from now on. */
  readonly members: (change?: 'read') => Access
  /** Logs a refused request; the error never holds a key. */
  readonly onRefusal: (error: Error) => void
  /** The connection is closed. */
  readonly onClosed: (stream: number) => void
}

const news = 'errno=0\n\n'

/** Receive buffer of all connections; data to keep is copied out. */
const received = Buffer.allocUnsafeSlow(1 << 16)

/**
 * Answers the requests of one connection until it ends: as many as the client likes, each closed by a blank line, one
 * at a time. A client that connects and leaves without a request (`wg` probes this way) is not an error. An invalid
 * request ends the connection. Requests that need no wait are answered synchronously.
 */
export class ServerConnection {
  private readonly stream: number
  private readonly together: ServedTogether
  private readonly access: Access
  private readonly request = new RequestBuffer()
  /** A request is running, or its reply is being sent; nothing is read meanwhile. */
  private busy = false
  private closed = false
  private onWritable: (() => void) | undefined
  private stopNews: (() => void) | undefined
  /** The lines of a set that is running or waiting for its turn. */
  private set: Generator<string> | undefined

  constructor(stream: number, together: ServedTogether) {
    this.stream = stream
    this.together = together
    this.access = together.accessOf(stream)
    together.connections.add(this)
  }

  /** Reads the data that is available, then waits for more. */
  begin(): void {
    this.ready()
    if (!this.busy) this.watch()
  }

  /** The stream can be read or written, or has failed. */
  ready(): void {
    if (this.closed) return
    try {
      if (this.busy) this.onWritable?.()
      else this.read()
    } catch {
      // The client is gone.
      this.destroy()
    }
  }

  /** Closes the connection at once. A running set continues; a waiting one is dropped. */
  destroy(): void {
    if (this.closed) return
    this.closed = true
    const { connections, streams, turns, onClosed } = this.together
    connections.forget(this)
    streams.close(this.stream)
    onClosed(this.stream)
    this.request.discard()
    if (this.set) turns.cancel(this.set)
    this.stopNews?.()
    this.onWritable?.()
  }

  // --- internal ---

  private read(): void {
    const bytes = this.together.streams.receive(this.stream, received)
    if (bytes > 0) this.take(received.subarray(0, bytes))
    else if (bytes === 0) this.end()
  }

  /** Processes received bytes. */
  private take(piece: Buffer): void {
    const { connections, onRefusal } = this.together
    try {
      // The time runs from the first byte of a request.
      connections.hold(
        this,
        this.request.length + piece.length,
        this.request.length === 0 ? requestTimeMs : undefined,
      )
      let sliceEnd: number | undefined
      for (let rest = this.request.append(piece); rest !== undefined; rest = this.request.append(rest)) {
        let later = this.answer(this.request.take())
        if (this.closed) return
        if (!later && rest.length > 0) {
          sliceEnd ??= monotonicMs() + sliceMs
          if (monotonicMs() > sliceEnd) later = nextTurn()
        }
        if (later) {
          this.goOn(later, Buffer.from(rest))
          return
        }
        connections.hold(this, rest.length, rest.length > 0 ? requestTimeMs : Number.POSITIVE_INFINITY)
      }
    } catch (error) {
      onRefusal(error as Error)
      this.destroy()
    }
  }

  /** Stops reading until `work` is done, then processes the rest of the received bytes. */
  private goOn(work: Promise<void>, rest: Buffer): void {
    const { connections, onRefusal } = this.together
    this.busy = true
    this.watch()
    work.then(
      () => {
        if (this.closed) return
        this.busy = false
        connections.hold(this, 0, Number.POSITIVE_INFINITY)
        if (rest.length > 0) this.take(rest)
        if (!this.busy) this.watch()
      },
      (error) => {
        onRefusal(error as Error)
        this.destroy()
      },
    )
  }

  /** The client sent everything. As in wireguard-go, a set that ends with the stream instead of a blank line counts. */
  private end(): void {
    const last = this.request.length > 0 ? this.answer(this.request.take(), 'only a set') : undefined
    if (!last) {
      this.destroy()
      return
    }
    this.busy = true
    this.watch()
    last.catch(this.together.onRefusal).finally(() => this.destroy())
  }

  /** Answers one request; returns a promise if work remains, undefined if it is done. */
  private answer(lines: Generator<string>, which?: 'only a set'): Promise<void> | undefined {
    const { device, turns } = this.together
    const first = lines.next().value
    if (first === 'set=1' && this.access === 'read') {
      lines.return(undefined)
      return this.write(Reply.of(`errno=${-constants.errno.EPERM}\n\n`))
    }
    if (first === 'set=1') {
      this.set = lines
      return turns.set(lines).then((errno) => {
        this.set = undefined
        return this.write(Reply.of(`errno=${-errno}\n\n`))
      })
    }
    const alone = lines.next().done === true && which === undefined
    if (alone && first === 'get=1') {
      const reply = turns.get(this.access)
      return reply instanceof Promise ? reply.then((late) => this.write(late)) : this.write(reply)
    }
    if (alone && first === 'wgq_counters=1')
      return this.write(Reply.of(`${formatCounters(device.counters())}errno=0\n\n`))
    if (alone && first === 'wgq_peers=1')
      return this.write(Reply.of(`${formatHealth(device.health?.() ?? [])}errno=0\n\n`))
    if (alone && first === 'wgq_news=1') {
      // Sends `errno=0` at once, and again with each news of the device, until the client leaves.
      this.stopNews ??= device.onNews?.(() => this.tellNews())
      return this.write(Reply.of(news))
    }
    if (alone && first === 'wgq_members=1') return this.tellMembers(this.together.members())
    if (alone && first === 'wgq_members=read') return this.tellMembers(this.together.members('read'))
    if (first === 'get=1' && which === undefined) {
      lines.return(undefined)
      return this.write(Reply.of(`errno=${-constants.errno.EINVAL}\n\n`))
    }
    this.destroy()
    return undefined
  }

  private tellMembers(access: Access): Promise<void> | undefined {
    return this.write(Reply.of(`wgq_members=${access}\nerrno=0\n\n`))
  }

  /** Skipped while the client has not read earlier data. */
  private tellNews(): void {
    if (!this.closed && !this.busy) this.send(Buffer.from(news))
  }

  /** Writes a reply; returns undefined if the kernel accepted all of it. */
  private write(reply: Reply): Promise<void> | undefined {
    let written = 0
    for (let index = 0; ; index++) {
      if (!this.closed && !reply.isThere(index)) return this.writeOn(reply, index, 0, written)
      const piece = this.closed ? undefined : (reply.piece(index) as Buffer | undefined)
      if (piece === undefined) {
        reply.leave(index)
        return undefined
      }
      const sent = Math.max(0, this.send(piece))
      written += sent
      if (sent < piece.length) return this.writeOn(reply, index, sent, written)
      reply.sent(index)
    }
  }

  /** Writes the rest of a reply from byte `from` of a piece, as the client reads; `written` bytes were sent before. */
  private async writeOn(reply: Reply, index: number, from: number, written: number): Promise<void> {
    const { connections } = this.together
    let at = index
    let start = from
    let before = written
    try {
      while (!this.closed) {
        const { length, readerCount } = reply
        // The unread part of an unshared reply, or a share of one that other connections send too.
        const held = readerCount === 1 ? length - before : Math.ceil(length / readerCount)
        const timeMs = length > before ? readTimeMs : Number.POSITIVE_INFINITY
        connections.hold(this, held, timeMs, reply)
        if (this.closed) return
        const piece = await reply.piece(at)
        if (piece === undefined || this.closed) return
        const sent = this.send(piece.subarray(start))
        if (sent < 0) await this.writable()
        start += Math.max(0, sent)
        before += Math.max(0, sent)
        if (start < piece.length) continue
        reply.sent(at++)
        start = 0
      }
    } finally {
      reply.leave(at)
    }
  }

  /** Returns how many bytes were accepted. A client that has left is not an error: the connection is closed. */
  private send(bytes: Buffer): number {
    try {
      return this.together.streams.send(this.stream, bytes)
    } catch {
      this.destroy()
      return 0
    }
  }

  private writable(): Promise<void> {
    return new Promise((resolve) => {
      this.onWritable = () => {
        this.onWritable = undefined
        this.watch()
        resolve()
      }
      this.watch()
    })
  }

  /** Watches the stream for the events that the connection needs next. */
  private watch(): void {
    if (!this.closed) this.together.streams.watch(this.stream, !this.busy, this.onWritable !== undefined)
  }
}
