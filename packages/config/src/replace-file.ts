// SPDX-License-Identifier: MIT
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { errnoText } from '@wgq/model/errno'
import { WgqError } from '@wgq/model/error'

/**
 * Replaces a file atomically and durably: writes a temporary file beside it, calls fsync and renames it. Mode and owner
 * stay (0600 for a new file). A file that cannot be renamed, because it is a mount point or its directory is read-only,
 * is written in place from the first byte that differs. Raises `E_SAVE` with `errno`; the file is then unchanged,
 * unless the disk is full.
 */
export const replaceConfigFile = (path: string, bytes: Buffer, before?: Buffer): void => {
  try {
    if (!byRename(path, bytes)) inPlace(path, bytes, before)
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? 'EIO'
    throw new WgqError('E_SAVE', `\`${path}' cannot be written: ${errnoText(errno)}`, { errno, cause })
  }
}

/** Returns false if the file has to be written in place. */
const byRename = (path: string, bytes: Buffer): boolean => {
  const old = statSync(path, { throwIfNoEntry: false })
  // Never replace /dev/stdin or a pipe by a file.
  if (old && !old.isFile())
    throw Object.assign(new Error('not a file'), { code: old.isDirectory() ? 'EISDIR' : 'EINVAL' })
  try {
    renameOver(path, bytes, old)
    return true
  } catch (error) {
    if (old && mounted.has((error as NodeJS.ErrnoException).code ?? '')) return false
    throw error
  }
}

/**
 * Replaces a file by one that was written beside it and synced to disk, with the mode and owner of `like`. Nobody else
 * can read it meanwhile. Raises the system's error; its `syscall` is `rename` if only that failed. On failure no
 * temporary file is left.
 */
export const renameOver = (path: string, bytes: Buffer, like: FileRights = { mode: 0o600 }): void => {
  const beside = `${path}.wgq-new`
  try {
    rmSync(beside, { force: true })
    const fd = openSync(beside, 'wx', 0o600)
    try {
      if (like.uid !== undefined && like.gid !== undefined && process.geteuid?.() === 0)
        fchownSync(fd, like.uid, like.gid)
      fchmodSync(fd, like.mode & 0o777)
      writeAll(fd, bytes, 0)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(beside, path)
  } catch (error) {
    rmSync(beside, { force: true })
    throw error
  }
  // Makes the rename survive a power loss too.
  const directory = openSync(dirname(path), 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

/** Mode of a file, and its owner where that matters. */
interface FileRights {
  readonly mode: number
  readonly uid?: number
  readonly gid?: number
}

/** EBUSY: the file is a mount point; the others: its directory accepts no new file. */
const mounted = new Set(['EBUSY', 'EROFS', 'EACCES', 'EPERM', 'EXDEV'])

const inPlace = (path: string, bytes: Buffer, before: Buffer = Buffer.alloc(0)): void => {
  let same = 0
  while (same < bytes.length && same < before.length && bytes[same] === before[same]) same++
  const fd = openSync(path, 'r+')
  try {
    writeAll(fd, bytes, same)
    ftruncateSync(fd, bytes.length)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

const writeAll = (fd: number, bytes: Buffer, from: number): void => {
  for (let at = from; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, at)
}
