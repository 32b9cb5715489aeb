// SPDX-License-Identifier: MIT

/**
 * A listening Unix socket and its connections, each with a number that is never reused, as far as a server needs them.
 * Errors have `code`.
 */
export interface Streams {
  /** Accepts a waiting connection and returns its number; 0 if none waits. */
  accept(): number
  /** Whether `onReady(0)` is called while connections wait. */
  acceptMore(more: boolean): void
  /** Reads into the buffer and returns the number of bytes: 0 at the end of the stream, -1 if none are available. */
  receive(stream: number, into: Uint8Array): number
  /** Returns how many bytes were accepted; -1 if none can be now. */
  send(stream: number, bytes: Uint8Array): number
  /** Selects the events for `onReady`: readable, writable; a failure always counts. */
  watch(stream: number, readable: boolean, writable: boolean): void
  /** The user ID of the client at the time it connected. */
  user(stream: number): number
  close(stream: number): void
  closeAll(): void
}

/**
 * Listens on a path or a bound descriptor; `onReady` gets the number of the ready connection, 0 for new connections.
 */
export type ListenStreams = (
  where: { readonly path: string } | { readonly fd: number },
  onReady: (stream: number) => void,
) => Streams
