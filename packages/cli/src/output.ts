// SPDX-License-Identifier: MIT
import { writeSync } from 'node:fs'

/** Writes to standard output at once. `process.stdout` would cost milliseconds of start-up for its stream. */
export const writeOut = (text: string): void => writeAll(1, Buffer.from(text, 'utf8'))

/** Writes bytes to standard output at once. */
export const writeOutBytes = (bytes: Buffer): void => writeAll(1, bytes)

/** Writes lines to standard error at once. */
export const writeErr = (text: string): void => writeAll(2, Buffer.from(text, 'utf8'))

/** Writes bytes, given as one character per byte, to standard error: what quotes input in whatever encoding it has. */
export const writeErrBytes = (bytes: string): void => writeAll(2, Buffer.from(bytes, 'latin1'))

/** Writes lines to standard error, heard or not: whoever is in the middle of changing the system has to go on. */
export const tellErr = (text: string): void => writeAll(2, Buffer.from(text, 'utf8'), () => {})

const endBySigpipe = (): void => process.exit(141)

const writeAll = (fd: number, bytes: Buffer, unheard = endBySigpipe): void => {
  let offset = 0
  while (offset < bytes.length) {
    try {
      offset += writeSync(fd, bytes, offset)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // A pipe that another process made non-blocking and that is full: wait for its reader.
      if (code === 'EAGAIN') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
      // The reader went away: `wg show | head -1` ends like any filter, killed by SIGPIPE, which Node has switched off.
      else {
        if (code === 'EPIPE') unheard()
        // As wg: a full disk goes unnoticed (spec wg §8).
        return
      }
    }
  }
}
