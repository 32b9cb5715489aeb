// SPDX-License-Identifier: MIT
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { errnoText } from '@wgq/model/errno'
import { WgqError } from '@wgq/model/error'
import { type Key, zeroKey } from '@wgq/model/key'
import { fault } from './fault.ts'
import { readKey } from './values.ts'

const keyLength = 44

/**
 * Reads the key in a file for `wg set` (spec wg §4): 44 characters, then white space only. An empty regular file or
 * /dev/null means the zero key (remove); an empty pipe is a fault. Raises `E_KEY_FILE`, or `E_VALUE` for a malformed
 * key.
 */
export const readKeyFile = (path: string): Key => {
  const fd = openFile(path)
  try {
    const text = readAll(fd)
    if (text.length < keyLength) {
      if (text === '' && canBeRewound(fd)) return zeroKey
      throw fault(
        'Invalid length key in key file',
        `A key file holds ${keyLength} characters, found ${text.length}`,
        '`wgq genkey` prints a valid key',
      )
    }
    const trailing = /[^\t-\r ]/.exec(text.slice(keyLength))?.[0]
    if (trailing !== undefined) {
      throw fault(
        `Found trailing character in key file: \`${trailing}'`,
        'A key file holds one key and white space behind it, found more',
      )
    }
    return readKey(text.slice(0, keyLength))
  } finally {
    closeSync(fd)
  }
}

/** Opens a file for reading as `wg` does. Raises `E_FILE`, `fopen: …` for wg. */
export const openFile = (path: string): number => {
  try {
    return openSync(path, 'r')
  } catch (error) {
    const { code = 'EIO' } = error as NodeJS.ErrnoException
    throw new WgqError('E_FILE', `Cannot open ${path}: ${errnoText(code)}`, {
      errno: code,
      wgText: `fopen: ${errnoText(code)}`,
    })
  }
}

/** Everything an open file holds, one character per byte. A directory reads as empty, as with the C library. */
export const readAll = (fd: number): string => {
  const chunks: Buffer[] = []
  for (;;) {
    const chunk = Buffer.allocUnsafe(65536)
    let size: number
    try {
      size = readSync(fd, chunk)
    } catch (error) {
      const { code = 'EIO' } = error as NodeJS.ErrnoException
      if (code === 'EAGAIN') {
        // The pipe or terminal is non-blocking: wait a little for its writer.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
        continue
      }
      if (code === 'EISDIR') break
      throw new WgqError('E_FILE', `Cannot read the file: ${errnoText(code)}`, {
        errno: code,
        wgText: `getc: ${errnoText(code)}`,
      })
    }
    if (size === 0) break
    chunks.push(chunk.subarray(0, size))
  }
  const all = Buffer.concat(chunks)
  const text = all.toString('latin1')
  for (const chunk of [...chunks, all]) chunk.fill(0)
  return text
}

/** Regular files and devices such as /dev/null can be rewound; pipes, terminals and directories cannot be empty keys. */
const canBeRewound = (fd: number): boolean => {
  const stat = fstatSync(fd)
  return stat.isFile() || (stat.isCharacterDevice() && !process.getBuiltinModule('node:tty').isatty(fd))
}
