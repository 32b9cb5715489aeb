// SPDX-License-Identifier: MIT
import { loadAddon } from './addon.ts'

/** The client's end of a Unix stream, not watched yet. All calls return at once. Errors have `code` (EPIPE, ECONNRESET …; EBADF
 *  once it is closed). */
interface StreamConnection {
  /** Bytes that were read into the buffer: 0 at the end of the stream, -1 when there are none now. */
  receive(into: Uint8Array): number
  /** How many of the bytes the kernel took; -1 when it takes none now. */
  send(bytes: Uint8Array): number
  /** When `onReady` is called: each turn in which it can be read or written, or has failed. */
  watch(readable: boolean, writable: boolean): void
  close(): void
}

/** connect(2) to a Unix socket, without node:net, which takes milliseconds to load. Raises an error with `code` (ECONNREFUSED,
 *  EACCES …; EAGAIN while the listener's queue is full). */
export const connectStream = (path: string, onReady: () => void): StreamConnection =>
  loadAddon().connectStream(path, onReady)
