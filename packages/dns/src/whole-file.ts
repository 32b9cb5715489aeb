// SPDX-License-Identifier: MIT
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fchmodSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'

// Files that every user reads: their modes do not depend on the umask, and they are written completely or not at all.

/** Makes the directory of a file and its parents, readable for all users. */
export const makeFolderOf = (path: string): void => {
  const missing: string[] = []
  for (let folder = dirname(path); !existsSync(folder); folder = dirname(folder)) missing.unshift(folder)
  for (const folder of missing) {
    mkdirSync(folder)
    chmodSync(folder, 0o755)
  }
}

/**
 * Replaces a file, atomically if possible. A file that is a mount point can only be overwritten; if that fails its old
 * content is restored. Raises the system's error; then leaves no temporary file.
 */
export const writeWhole = (path: string, text: string): void => {
  const beside = `${path}.wgq.${process.pid}`
  try {
    const fd = openSync(beside, 'w', 0o644)
    try {
      fchmodSync(fd, 0o644)
      writeFileSync(fd, text)
    } finally {
      closeSync(fd)
    }
    moveWhole(beside, path)
  } catch (error) {
    rmSync(beside, { force: true })
    throw error
  }
}

/** Moves a file over another one, links as links; overwrites the content of a mount point. */
export const moveWhole = (from: string, to: string): void => {
  try {
    renameSync(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error
    writeInPlace(to, readFileSync(from))
    rmSync(from)
  }
}

/** Keeps a file under another name: as a hard link if possible, else as a copy. */
export const keepAs = (path: string, copy: string): void => {
  rmSync(copy, { force: true })
  if (isLink(path)) symlinkSync(readlinkSync(path), copy)
  else if (existsSync(path)) linkOrCopy(path, copy)
}

const linkOrCopy = (path: string, copy: string): void => {
  try {
    linkSync(path, copy)
  } catch {
    try {
      copyFileSync(path, copy)
      chmodSync(copy, statSync(path).mode & 0o7777)
    } catch (error) {
      rmSync(copy, { force: true })
      throw error
    }
  }
}

export const isLink = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false

/** Overwrites before truncating, so that the old content fits again if the disk is full. */
const writeInPlace = (path: string, text: Buffer): void => {
  const before = readFileSync(path)
  const fd = openSync(path, 'r+')
  try {
    try {
      writeAll(fd, text)
    } catch (error) {
      writeAll(fd, before)
      throw error
    }
  } finally {
    closeSync(fd)
  }
}

const writeAll = (fd: number, bytes: Buffer): void => {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, done)
  ftruncateSync(fd, bytes.length)
}
