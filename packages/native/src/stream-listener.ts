// SPDX-License-Identifier: MIT
import { loadAddon } from './addon.ts'

/** A listening Unix socket and its connections, each identified by a number that is never reused. No call blocks.
 *  Errors have `code` (EMFILE, EPIPE, ECONNRESET …; EBADF for a closed connection). */
interface StreamListener {
  /** Accepts a waiting connection and returns its number, not watched yet; 0 if none is waiting. */
  accept(): number
  /** Sets whether `onReady(0)` is called while connections wait; initially it is. */
  acceptMore(more: boolean): void
  /** Reads into the buffer. Returns the number of bytes: 0 at the end of the stream, -1 if none are available. */
  receive(stream: number, into: Uint8Array): number
  /** Sends bytes. Returns how many the kernel accepted; -1 if none now. */
  send(stream: number, bytes: Uint8Array): number
  /** Sets when `onReady` is called for it: in each turn in which it is readable or writable, or has failed. */
  watch(stream: number, readable: boolean, writable: boolean): void
  /** The numeric id of the user who connected, as of then. */
  user(stream: number): number
  close(stream: number): void
  /** Closes all connections and the listening socket. Its file stays. */
  closeAll(): void
}

/** Binds a Unix socket and listens, or takes over a bound descriptor. `onReady` gets the number of the ready
 *  connection, 0 for the listening socket. Raises an error with `code` (EADDRINUSE, EACCES, ENAMETOOLONG …). */
export const listenStreams = (
  where: { readonly path: string } | { readonly fd: number },
  onReady: (stream: number) => void,
): StreamListener => loadAddon().listenStreams(where, onReady)
