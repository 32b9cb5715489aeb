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

/** What connections have in common. */
export interface ServedTogether {
  readonly device: ServedDevice
  readonly streams: Streams
  readonly turns: DeviceTurns
  readonly connections: Connections
  /** What the user who connected may ask. */
  readonly accessOf: (stream: number) => Access
  /** What users other than root and the owner may ask if the socket lets them in; `read` holds from now on. */
  readonly members: (change?: 'read') => Access
  /** A request that was refused, for the log; never holds a key. */
  readonly onRefusal: (error: Error) => void
  /** The connection is closed. */
  readonly onClosed: (stream: number) => void
}

const silence = 'errno=0\n\n'

/** Where every connection reads to: what is kept of it is copied. */
const received = Buffer.allocUnsafeSlow(1 << 16)

/**
 * Answers the requests of one connection until it ends: as many as the client likes, each closed by a blank line, one at a
 * time. A client that only connects and leaves (`wg` probes so) is not an error. A request that is none ends the connection.
 * What can be answered at once is answered before anything is waited for.
 */
export class ServerConnection {
  private readonly stream: number
  private readonly together: ServedTogether
  private readonly access: Access
  private readonly request = new RequestBuffer()
  /** A request is at work, or its reply is on its way; nothing is read meanwhile. */
  private busy = false
  private closed = false
  private onWritable: (() => void) | undefined
  private stopNews: (() => void) | undefined
  /** The lines of a set that is at work or waits for its turn. */
  private set: Generator<string> | undefined

  constructor(stream: number, together: ServedTogether) {
    this.stream = stream
    this.together = together
    this.access = together.accessOf(stream)
    together.connections.add(this)
  }

  /** Reads what is there already, then waits for more. */
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

  /** Closes the connection at once. A set that has begun goes on; one that waits is forgotten. */
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

  /** Works off what arrived. */
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

  /** Reads no more until `work` is done, then takes the rest of what arrived. */
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

  /** Answers one request; nothing when that is done, else what is still to do. */
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
    if (alone && first === 'wgq_silence=1') {
      // `errno=0` at once, and again each time when a peer does not answer for two seconds, until the client leaves.
      this.stopNews ??= device.onSilence?.(() => this.tellSilence())
      return this.write(Reply.of(silence))
    }
    if (alone && first === 'wgq_members=1') return this.tellMembers(this.together.members())
    if (alone && first === 'wgq_members=read') return this.tellMembers(this.together.members('read'))
    this.destroy()
    return undefined
  }

  private tellMembers(access: Access): Promise<void> | undefined {
    return this.write(Reply.of(`wgq_members=${access}\nerrno=0\n\n`))
  }

  /** A client that has not read what came before gets none. */
  private tellSilence(): void {
    if (!this.closed && !this.busy) this.send(Buffer.from(silence))
  }

  /** Writes a reply; nothing when the kernel took all of it. */
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

  /** Writes from a byte of a piece on, each time the client has read enough of the `written` bytes before. */
  private async writeOn(reply: Reply, index: number, from: number, written: number): Promise<void> {
    const { connections } = this.together
    let at = index
    let start = from
    let before = written
    try {
      while (!this.closed) {
        const { length, readerCount } = reply
        // What is unread of a reply of its own, a share of one that others send too.
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

  /** How many bytes were taken. A client that is gone is no error: it ends the connection. */
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

  /** Waits for what the connection needs next. */
  private watch(): void {
    if (!this.closed) this.together.streams.watch(this.stream, !this.busy, this.onWritable !== undefined)
  }
}
