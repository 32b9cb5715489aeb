// SPDX-License-Identifier: MIT
import { writeSync } from 'node:fs'

/** Writes to standard output at once. `process.stdout` would cost milliseconds of start-up for its stream. */
export const writeOut = (text: string): void => writeAll(1, Buffer.from(text, 'utf8'), endWithoutOutput)

/** Writes bytes to standard output at once. */
export const writeOutBytes = (bytes: Buffer): void => writeAll(1, bytes, endWithoutOutput)

/** Writes lines to standard error at once. */
export const writeErr = (text: string): void => writeAll(2, Buffer.from(text, 'utf8'), endUnheard)

/** Writes bytes, given as one character per byte, to standard error: what quotes input in whatever encoding it has. */
export const writeErrBytes = (bytes: string): void => writeAll(2, Buffer.from(bytes, 'latin1'), endUnheard)

/** Writes lines to standard error and ignores failures: a change of the system that has begun must continue. */
export const tellErr = (text: string): void => writeAll(2, Buffer.from(text, 'utf8'), () => {})

// The table of all of them would cost every start.
const causes: Record<string, string> = {
  EPIPE: 'Broken pipe',
  ENOSPC: 'No space left on device',
  EDQUOT: 'Disk quota exceeded',
  EFBIG: 'File too large',
  EIO: 'Input/output error',
  EBADF: 'Bad file descriptor',
}

/**
 * Ends the program whose standard output cannot be written. Under the name `wg` a full disk goes unnoticed (spec wg §8), and a
 * reader that went away ends `wg` and `wg-quick` like any filter, killed by SIGPIPE, which Node has switched off. Under the
 * name wgq both are failures with their cause.
 */
const endWithoutOutput = (errno: string): void => {
  const name = (process.argv[2] ?? '').replace(/^.*\//, '')
  const hasUpstream = name === 'wg' || name === 'wg-quick'
  if (hasUpstream && errno === 'EPIPE') process.exit(141)
  if (name === 'wg') return
  tellErr(`${hasUpstream ? name : 'wgq'}: standard output cannot be written: ${causes[errno] ?? errno}\n`)
  process.exit(1)
}

/** Failures to write to standard error are ignored, except EPIPE, which ends the program as SIGPIPE would. */
const endUnheard = (errno: string): void => {
  if (errno === 'EPIPE') process.exit(141)
}

const writeAll = (fd: number, bytes: Buffer, failed: (errno: string) => void): void => {
  let offset = 0
  while (offset < bytes.length) {
    try {
      offset += writeSync(fd, bytes, offset)
    } catch (error) {
      const { code = 'EIO' } = error as NodeJS.ErrnoException
      // A pipe that another process made non-blocking and that is full: wait for its reader.
      if (code === 'EAGAIN') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
      else {
        failed(code)
        return
      }
    }
  }
}
