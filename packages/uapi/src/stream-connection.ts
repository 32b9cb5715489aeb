// SPDX-License-Identifier: MIT
import type { Connection, ConnectionListener } from './connection.ts'

/** The client's end of a Unix stream, as far as a connection needs it. Errors have `code`. */
interface ClientStream {
  /** Reads into the buffer and returns the number of bytes: 0 at the end of the stream, -1 if none are available. */
  receive(into: Uint8Array): number
  /** Returns how many bytes were accepted; -1 if none can be now. */
  send(bytes: Uint8Array): number
  /** Selects the events for `onReady`: readable, writable; a failure always counts. */
  watch(readable: boolean, writable: boolean): void
  close(): void
}

/** Connects to a path. Raises the system's error. */
type ConnectStream = (path: string, onReady: () => void) => ClientStream

/** A connection over a stream of the system, without node:net. */
export const connectByStream = (connectStream: ConnectStream, path: string): Connection =>
  new StreamConnection(connectStream, path)

// --- internal ---

/** Receive buffer of all connections; data to keep is copied out. */
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
      // There is nothing more to read; poll would report the stream again and again.
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
