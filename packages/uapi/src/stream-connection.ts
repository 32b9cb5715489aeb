// SPDX-License-Identifier: MIT
import type { Connection, ConnectionListener } from './connection.ts'

/** The client's end of a Unix stream: what a connection needs of the system. Errors have `code`. */
interface ClientStream {
  /** Bytes that were read into the buffer: 0 at the end of the stream, -1 when there are none now. */
  receive(into: Uint8Array): number
  /** How many of the bytes were taken; -1 when none can be taken now. */
  send(bytes: Uint8Array): number
  /** When `onReady` is called: while it can be read or written, or has failed. */
  watch(readable: boolean, writable: boolean): void
  close(): void
}

/** Connects to a path. Raises the system's error. */
type ConnectStream = (path: string, onReady: () => void) => ClientStream

/** A connection over a stream of the system, without node:net. */
export const connectByStream = (connectStream: ConnectStream, path: string): Connection =>
  new StreamConnection(connectStream, path)

// --- internal ---

/** Where every connection reads to: what is kept of it is copied. */
const received = Buffer.allocUnsafeSlow(1 << 16)

class StreamConnection implements Connection {
  private readonly stream: ClientStream
  private listener: ConnectionListener | undefined
  private unsent = Buffer.alloc(0)
  private closed = false

  constructor(connectStream: ConnectStream, path: string) {
    this.stream = connectStream(path, () => this.ready())
  }

  hear(listener: ConnectionListener): void {
    this.listener = listener
    this.watch()
  }

  send(text: string): void {
    this.unsent = Buffer.concat([this.unsent, Buffer.from(text, 'latin1')])
    this.ready()
  }

  close(): void {
    this.closed = true
    this.stream.close()
  }

  private ready(): void {
    try {
      this.sendOn()
      if (!this.closed) this.receive()
    } catch (error) {
      if (this.closed) return
      // Nothing is to be had from it any more; a poll would tell again and again.
      this.stream.watch(false, false)
      this.listener?.error(error as NodeJS.ErrnoException)
    }
  }

  private sendOn(): void {
    if (this.unsent.length === 0) return
    this.unsent = this.unsent.subarray(Math.max(0, this.stream.send(this.unsent)))
    this.watch()
  }

  private receive(): void {
    const length = this.stream.receive(received)
    if (length > 0) this.listener?.piece(received.subarray(0, length))
    else if (length === 0) {
      this.stream.watch(false, false)
      this.listener?.end()
    }
  }

  private watch(): void {
    if (!this.closed) this.stream.watch(true, this.unsent.length > 0)
  }
}
