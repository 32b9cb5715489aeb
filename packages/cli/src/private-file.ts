// SPDX-License-Identifier: MIT
import {
  chmodSync,
  closeSync,
  constants,
  lstatSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { errnoText } from '@wgq/model/errno'
import { WgqError } from '@wgq/model/error'

/**
 * Writes a file that holds secrets: complete or not at all, never readable by others in between. What is no regular file
 * (/dev/stdout, /dev/null, a named pipe) is written to and stays what it is. Raises `E_WRITE` with `errno` set.
 */
export const writePrivateFile = (path: string, text: string | Uint8Array, mode = 0o600): void => {
  try {
    const there = statSync(path, { throwIfNoEntry: false })
    if (there?.isBlockDevice()) throw Object.assign(new Error('a disk'), { code: 'EPERM' })
    // A directory refuses by itself that a file takes its place.
    if (there === undefined || there.isFile() || there.isDirectory()) replace(followed(path), text, mode)
    else writeInto(path, text)
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code ?? 'EIO'
    throw new WgqError('E_WRITE', `\`${path}' cannot be written: ${errnoText(errno)}`, {
      errno,
      cause: error,
      hint: 'name a file in a directory that exists and that you may write to',
    })
  }
}

const writeInto = (path: string, text: string | Uint8Array): void => {
  const fd = openSync(path, constants.O_WRONLY)
  try {
    writeFileSync(fd, text)
  } finally {
    closeSync(fd)
  }
}

const replace = (path: string, text: string | Uint8Array, mode: number): void => {
  const temporary = `${path}.wgq-${process.pid}`
  try {
    writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' })
    chmodSync(temporary, mode)
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** Where a link leads that the caller or root made. One of anybody else is replaced: it may lead to a file of root. */
const followed = (path: string): string => {
  const link = lstatSync(path, { throwIfNoEntry: false })
  const isOurs = link?.isSymbolicLink() && (link.uid === 0 || link.uid === process.geteuid?.())
  return isOurs && statSync(path, { throwIfNoEntry: false }) ? realpathSync(path) : path
}
