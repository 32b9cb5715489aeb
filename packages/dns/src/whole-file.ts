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

// Files that every user reads: their modes do not depend on the umask, and they are there as a whole or not at all.

/** Makes the folder of a file, readable for everybody, with those above it. */
export const makeFolderOf = (path: string): void => {
  const missing: string[] = []
  for (let folder = dirname(path); !existsSync(folder); folder = dirname(folder)) missing.unshift(folder)
  for (const folder of missing) {
    mkdirSync(folder)
    chmodSync(folder, 0o755)
  }
}

/**
 * Puts a text in the place of a file, at once where that is possible. A file that is a mount of its own can only be
 * written into; where that fails it is as it was. Raises the system's error; nothing is left beside then.
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

/** Moves a file to the place of another one, a link as a link; into it where that is a mount of its own. */
export const moveWhole = (from: string, to: string): void => {
  try {
    renameSync(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error
    writeInPlace(to, readFileSync(from))
    rmSync(from)
  }
}

/** Keeps a file under another name as it is: the file itself where it can have two names, else a copy. */
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

/** Overwrites what is there before anything is cut off, so that what was there fits again where the disk is full. */
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
