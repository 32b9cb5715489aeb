// SPDX-License-Identifier: MIT
import { loadAddon } from './addon.ts'

/** A listening Unix socket and the connections that came through it, each by a number that is never given twice. All calls
 *  return at once. Errors have `code` (EMFILE, EPIPE, ECONNRESET …; EBADF for a connection that was closed). */
interface StreamListener {
  /** Number of a connection that waited, not watched yet; 0 when none waits. */
  accept(): number
  /** Whether `onReady(0)` is called while connections wait; it is from the start. */
  acceptMore(more: boolean): void
  /** Bytes that were read into the buffer: 0 at the end of the stream, -1 when there are none now. */
  receive(stream: number, into: Uint8Array): number
  /** How many of the bytes the kernel took; -1 when it takes none now. */
  send(stream: number, bytes: Uint8Array): number
  /** When `onReady` is called for it: each turn in which it can be read or written, or has failed. */
  watch(stream: number, readable: boolean, writable: boolean): void
  /** Number of the user who connected, as it was then. */
  user(stream: number): number
  close(stream: number): void
  /** Closes all connections and the listening socket. Its file stays. */
  closeAll(): void
}

/** Binds a Unix socket and listens, or takes over a descriptor that is bound. `onReady` gets the number of what is ready, 0
 *  for the listening socket. Raises an error with `code` (EADDRINUSE, EACCES, ENAMETOOLONG …). */
export const listenStreams = (
  where: { readonly path: string } | { readonly fd: number },
  onReady: (stream: number) => void,
): StreamListener => loadAddon().listenStreams(where, onReady)
