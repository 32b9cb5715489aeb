// SPDX-License-Identifier: MIT
import { closeSync, constants, lstatSync, openSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { renameOver } from '@wgq/config/replace-file'
import { errnoText } from '@wgq/model/errno'
import { WgqError } from '@wgq/model/error'

/**
 * Writes a file with secrets: completely or not at all, and never readable by others in between. Writes into anything
 * but a regular file (/dev/stdout, /dev/null, a named pipe) without replacing it. Raises `E_WRITE` with `errno` set.
 */
export const writePrivateFile = (path: string, text: string | Uint8Array, mode = 0o600): void => {
  try {
    const there = statSync(path, { throwIfNoEntry: false })
    if (there?.isBlockDevice()) throw Object.assign(new Error('a disk'), { code: 'EPERM' })
    // A directory cannot be replaced by a file: the system call fails.
    if (there === undefined || there.isFile() || there.isDirectory())
      renameOver(followed(path), Buffer.from(text), { mode })
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

/** Resolves a link owned by root or the caller. A link of any other user is replaced: it may lead to a file of root. */
const followed = (path: string): string => {
  const link = lstatSync(path, { throwIfNoEntry: false })
  const isOurs = link?.isSymbolicLink() && (link.uid === 0 || link.uid === process.geteuid?.())
  return isOurs && statSync(path, { throwIfNoEntry: false }) ? realpathSync(path) : path
}
