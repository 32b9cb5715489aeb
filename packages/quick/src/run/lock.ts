// SPDX-License-Identifier: MIT
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { tryLockFile } from '@wgq/backends/file-lock'
import { errnoText } from '@wgq/model/errno'
import { WgqError } from '@wgq/model/error'
import { Interrupted } from './failure.ts'
import { isAlive, isOwnAncestor } from './process-mark.ts'

const retryMs = 10

/** How waiting for a lock can end, and how it is reported. */
interface LockWait {
  /** A signal ends the wait. */
  readonly interruption?: { readonly signal?: NodeJS.Signals }
  /** Called once, with the process that holds the lock, before waiting. */
  readonly onWait?: (holder: number) => void
}

/**
 * Runs `work` while no other process has the lock of that name. It is a flock(2), which ends with its holder however
 * that ends; the file names the holder. A program that the holder runs (a hook) passes: its caller waits for it. Raises
 * {@link Interrupted} if a signal ends the wait.
 */
export const withLock = async <T>(
  directory: string,
  name: string,
  work: () => Promise<T>,
  wait: LockWait = {},
): Promise<T> => {
  const path = join(directory, `${name}.lock`)
  let told = false
  let fd = take(path)
  while (fd === undefined) {
    const holder = holderOf(path)
    if (holder !== undefined && isOwnAncestor(holder)) return work()
    if (wait.interruption?.signal) throw new Interrupted(wait.interruption.signal)
    if (holder !== undefined && !told) wait.onWait?.(holder)
    told ||= holder !== undefined
    await sleep(retryMs)
    fd = take(path)
  }
  return holding(path, fd, work)
}

/**
 * {@link withLock} that does not wait: if any process has the lock, an ancestor too, does nothing and resolves to undefined.
 */
export const withFreeLock = async <T>(
  directory: string,
  name: string,
  work: () => Promise<T>,
): Promise<T | undefined> => {
  const path = join(directory, `${name}.lock`)
  const fd = take(path)
  return fd === undefined ? undefined : holding(path, fd, work)
}

/** Releases the lock of a descriptor after the work. */
const holding = async <T>(path: string, fd: number, work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } finally {
    // A process that opened the file meanwhile sees that the name no longer refers to it.
    rmSync(path, { force: true })
    closeSync(fd)
  }
}

/**
 * Removes what killed processes left in the directory: locks without a holder, and files whose names end with the
 * number of a dead process.
 */
export const sweep = (directory: string): void => {
  for (const file of readdirSync(directory)) {
    const path = join(directory, file)
    const pid = /\.([0-9]+)$/.exec(file)?.[1]
    if (file.endsWith('.lock')) {
      const fd = take(path)
      if (fd === undefined) continue
      rmSync(path, { force: true })
      closeSync(fd)
    } else if (pid !== undefined && !isAlive({ pid: Number(pid), started: '' })) rmSync(path, { force: true })
  }
}

/** The descriptor of the locked file; undefined while another process holds it. */
const take = (path: string): number | undefined => {
  const fd = openLock(path)
  const isTaken = tryLockFile(fd) && statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino
  if (!isTaken) {
    closeSync(fd)
    return undefined
  }
  try {
    ftruncateSync(fd)
    writeSync(fd, `${process.pid}\n`)
  } catch {
    // A full disk: the lock is what counts, and `down` has to work.
  }
  return fd
}

/** Raises `E_LOCK`. */
const openLock = (path: string): number => {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600)
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? 'EIO'
    throw new WgqError('E_LOCK', `${path} cannot be made: ${errnoText(errno)}`, {
      hint: 'one run at a time changes a tunnel, and this file is its lock',
      errno,
      cause,
    })
  }
}

const holderOf = (path: string): number | undefined => {
  try {
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10) || listedHolder(path)
    return pid > 0 && pid !== process.pid ? pid : undefined
  } catch {
    return undefined
  }
}

/** Where the disk was too full for its number: as proc_locks(5) lists it; 0 where it does not, or there is no /proc. */
const listedHolder = (path: string): number => {
  const { dev, ino } = statSync(path)
  const [major, minor] = [(dev >> 8) & 0xfff, (dev & 0xff) | ((dev >> 12) & 0xfff00)].map((number) =>
    number.toString(16).padStart(2, '0'),
  )
  const line = new RegExp(`: FLOCK +ADVISORY +WRITE +(\\d+) +${major}:${minor}:${ino} `)
  return Number(line.exec(readFileSync('/proc/locks', 'utf8'))?.[1] ?? 0)
}
