// SPDX-License-Identifier: MIT
import { writeSync } from 'node:fs'

/**
 * Writes to standard output immediately. The stream of `process.stdout` would add milliseconds to the start-up time.
 */
export const writeOut = (text: string): void => writeAll(1, Buffer.from(text, 'utf8'), endWithoutOutput)

/** Writes bytes to standard output immediately. */
export const writeOutBytes = (bytes: Buffer): void => writeAll(1, bytes, endWithoutOutput)

/** Writes lines to standard error immediately. */
export const writeErr = (text: string): void => writeAll(2, Buffer.from(text, 'utf8'), endUnheard)

/** Writes bytes, given as one character per byte, to standard error; for messages that quote input in any encoding. */
export const writeErrBytes = (bytes: string): void => writeAll(2, Buffer.from(bytes, 'latin1'), endUnheard)

/** Writes lines to standard error and ignores failures: a system change in progress must continue. */
export const tellErr = (text: string): void => writeAll(2, Buffer.from(text, 'utf8'), () => {})

// Loading the full table of errors would slow down every start.
const causes: Record<string, string> = {
  EPIPE: 'Broken pipe',
  ENOSPC: 'No space left on device',
  EDQUOT: 'Disk quota exceeded',
  EFBIG: 'File too large',
  EIO: 'Input/output error',
  EBADF: 'Bad file descriptor',
}

/**
 * Ends the program if standard output cannot be written. Under the name `wg` a full disk is ignored (spec wg §8), and a
 * closed pipe ends `wg` and `wg-quick` like any filter, with the status of SIGPIPE, which Node ignores. Under the name
 * wgq both are failures that print their cause.
 */
const endWithoutOutput = (errno: string): void => {
  const name = (process.argv[2] ?? '').replace(/^.*\//, '')
  const hasUpstream = name === 'wg' || name === 'wg-quick'
  if (hasUpstream && errno === 'EPIPE') process.exit(141)
  if (name === 'wg') return
  tellErr(`${hasUpstream ? name : 'wgq'}: standard output cannot be written: ${causes[errno] ?? errno}\n`)
  process.exit(1)
}

/** Ignores failures to write to standard error, except EPIPE, which ends the program as SIGPIPE would. */
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
      // The pipe is full and another process made it non-blocking: wait for its reader.
      if (code === 'EAGAIN') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
      else {
        failed(code)
        return
      }
    }
  }
}
