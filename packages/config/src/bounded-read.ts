// SPDX-License-Identifier: MIT
import { readSync } from 'node:fs'

/** Bytes that a configuration may have: more than a million peers take. */
export const mostBytes = 256 * 2 ** 20

/** What to do where a configuration has more bytes. */
export const tooLongHint = 'name the file of the configuration, not a device or a stream without an end'

const chunkBytes = 65_536

/**
 * Reads an open file to its end, or a chunk more than `most` bytes of one that is longer: /dev/zero and some pipes do
 * not end. Raises the system's error.
 */
export const readBytes = (fd: number, most = mostBytes): Buffer => {
  const chunks: Buffer[] = []
  for (let total = 0; total <= most; ) {
    const chunk = Buffer.allocUnsafe(chunkBytes)
    const size = readPart(fd, chunk)
    if (size === 0) break
    chunks.push(chunk.subarray(0, size))
    total += size
  }
  const all = Buffer.concat(chunks)
  for (const chunk of chunks) chunk.fill(0) // there may be keys in them
  return all
}

const readPart = (fd: number, into: Buffer): number => {
  for (;;) {
    try {
      return readSync(fd, into)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      // The pipe or terminal is non-blocking: wait a little for its writer.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
}
