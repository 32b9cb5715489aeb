// SPDX-License-Identifier: MIT
import { loadAddon } from './addon.ts'

/** The client's end of a Unix stream, not watched yet. No call blocks. Errors have `code` (EPIPE, ECONNRESET …; EBADF
 *  after closing). */
interface StreamConnection {
  /** Reads into the buffer. Returns the number of bytes: 0 at the end of the stream, -1 if none are available. */
  receive(into: Uint8Array): number
  /** Sends bytes. Returns how many the kernel accepted; -1 if none now. */
  send(bytes: Uint8Array): number
  /** Sets when `onReady` is called: in each turn in which the stream is readable or writable, or has failed. */
  watch(readable: boolean, writable: boolean): void
  close(): void
}

/** connect(2) to a Unix socket, without node:net, which takes milliseconds to load. Raises an error with `code` (ECONNREFUSED,
 *  EACCES …; EAGAIN while the listener's queue is full). */
export const connectStream = (path: string, onReady: () => void): StreamConnection =>
  loadAddon().connectStream(path, onReady)
