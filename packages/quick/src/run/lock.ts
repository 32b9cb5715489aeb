// SPDX-License-Identifier: MIT
import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive, type ProcessMark, thisProcess } from './process-mark.ts'

const retryMs = 10

/**
 * Runs `work` while no other wgq does the like: two tunnels coming up at once must not choose the same mark. The lock is
 * a file that names its holder; one whose holder has died is taken over.
 */
export const withLock = async <T>(directory: string, name: string, work: () => Promise<T>): Promise<T> => {
  const path = join(directory, `${name}.lock`)
  while (!take(path)) {
    if (!removeStale(path)) await sleep(retryMs)
  }
  try {
    return await work()
  } finally {
    rmSync(path, { force: true })
  }
}

/**
 * Removes what killed processes left in the directory: locks that nobody holds, files whose names end with the number of a
 * process that is gone.
 */
export const sweep = (directory: string): void => {
  for (const file of readdirSync(directory)) {
    const pid = /\.([0-9]+)$/.exec(file)?.[1]
    if (file.endsWith('.lock')) removeStale(join(directory, file))
    else if (pid !== undefined && !isAlive({ pid: Number(pid), started: '' }))
      rmSync(join(directory, file), { force: true })
  }
}

/** A link either appears with its content or not at all. */
const take = (path: string): boolean => {
  const own = `${path}.${process.pid}`
  writeFileSync(own, JSON.stringify(thisProcess()), { mode: 0o600 })
  try {
    linkSync(own, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(own, { force: true })
  }
}

/** Removes a lock whose holder is gone. Moved aside first and read again: meanwhile it may have become somebody's. */
const removeStale = (path: string): boolean => {
  const before = read(path)
  if (before === undefined) return true
  if (isHeld(before)) return false
  const aside = `${path}.stale.${process.pid}`
  try {
    renameSync(path, aside)
    if (read(aside) !== before) linkSync(aside, path)
  } catch {
    // Somebody else was faster.
  }
  rmSync(aside, { force: true })
  return true
}

const isHeld = (text: string): boolean => {
  try {
    return isAlive(JSON.parse(text) as ProcessMark)
  } catch {
    return false
  }
}

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
