// SPDX-License-Identifier: MIT
import { closeSync, fstatSync, openSync } from 'node:fs'
import { errnoText } from '@wgq/model/errno'
import { WgqError } from '@wgq/model/error'
import { type Key, zeroKey } from '@wgq/model/key'
import { mostBytes, readBytes, tooLongHint } from '../bounded-read.ts'
import { fault } from './fault.ts'
import { readKey } from './values.ts'

const keyLength = 44

/** Bytes of a key and of the white space behind it. */
const mostOfKeyFile = 65_536

/**
 * Reads the key in a file for `wg set` (spec wg §4): 44 characters, then white space only. An empty regular file or
 * /dev/null means the zero key (remove); an empty pipe is a fault. Raises `E_KEY_FILE`, or `E_VALUE` for a malformed
 * key.
 */
export const readKeyFile = (path: string): Key => {
  const fd = openFile(path)
  try {
    const text = readKeyText(fd)
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

/**
 * Everything an open file holds, one character per byte. A directory reads as empty, as with the C library. Raises
 * `E_FILE` where it does not end.
 */
export const readAll = (fd: number): string => {
  const bytes = bytesOf(fd, mostBytes)
  if (bytes.length <= mostBytes) return textOf(bytes)
  bytes.fill(0)
  throw new WgqError('E_FILE', `The file has more than ${mostBytes / 2 ** 20} MiB`, {
    errno: 'EFBIG',
    wgText: `getc: ${errnoText('EFBIG')}`,
    hint: tooLongHint,
  })
}

/** The text of a key file. What goes on and on is cut, and ends with a character that no key file may have there. */
export const readKeyText = (fd: number): string => {
  const text = textOf(bytesOf(fd, mostOfKeyFile))
  return text.length <= mostOfKeyFile ? text : `${text.slice(0, mostOfKeyFile)}…`
}

const bytesOf = (fd: number, most: number): Buffer => {
  try {
    return readBytes(fd, most)
  } catch (error) {
    const { code = 'EIO' } = error as NodeJS.ErrnoException
    if (code === 'EISDIR') return Buffer.alloc(0)
    throw new WgqError('E_FILE', `Cannot read the file: ${errnoText(code)}`, {
      errno: code,
      wgText: `getc: ${errnoText(code)}`,
    })
  }
}

/** Overwrites the bytes: there are keys in them. */
const textOf = (bytes: Buffer): string => {
  const text = bytes.toString('latin1')
  bytes.fill(0)
  return text
}

/** Regular files and devices such as /dev/null can be rewound; pipes, terminals and directories cannot be empty keys. */
const canBeRewound = (fd: number): boolean => {
  const stat = fstatSync(fd)
  return stat.isFile() || (stat.isCharacterDevice() && !process.getBuiltinModule('node:tty').isatty(fd))
}
