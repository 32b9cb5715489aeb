// SPDX-License-Identifier: MIT

/** A listening Unix socket and the connections that came through it, each by a number that is never given twice: what a
 *  server needs of the system. Errors have `code`. */
export interface Streams {
  /** Number of a connection that waited; 0 when none waits. */
  accept(): number
  /** Whether `onReady(0)` is called while connections wait. */
  acceptMore(more: boolean): void
  /** Bytes that were read into the buffer: 0 at the end of the stream, -1 when there are none now. */
  receive(stream: number, into: Uint8Array): number
  /** How many of the bytes were taken; -1 when none can be taken now. */
  send(stream: number, bytes: Uint8Array): number
  /** When `onReady` is called for it: while it can be read or written, or has failed. */
  watch(stream: number, readable: boolean, writable: boolean): void
  /** Number of the user who connected, as it was then. */
  user(stream: number): number
  close(stream: number): void
  closeAll(): void
}

/** Listens on a path, or on a descriptor that is bound; `onReady` gets the number of what is ready, 0 for new connections. */
export type ListenStreams = (
  where: { readonly path: string } | { readonly fd: number },
  onReady: (stream: number) => void,
) => Streams
