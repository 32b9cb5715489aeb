// SPDX-License-Identifier: MIT
import { closeSync, fstatSync, openSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { lockFile } from '@wgq/native/system'

// Five hundred waiting processes must not keep the machine busy with polling, and a single one must not wait long.
const firstPauseMs = 5
const longestPauseMs = 1000

/**
 * Takes the exclusive advisory lock of an open file (flock(2)) without waiting; false when another process has it.
 * Closing the descriptor releases it. Without the addon there are no locks, and every attempt succeeds.
 */
export const tryLockFile = (fd: number): boolean => {
  try {
    return lockFile(fd, { wait: false })
  } catch (error) {
    if ((error as { code?: string }).code === 'E_NO_ADDON') return true
    throw error
  }
}

/**
 * Runs `work` while holding the lock of a file (flock(2)), which may be replaced by renaming meanwhile. The kernel
 * releases the lock when the process ends, however it ends. `stopped` ends the wait; the result is then undefined.
 * Raises the errors of opening the file.
 */
export const withFileLock = async <T>(
  path: string,
  stopped: () => boolean,
  work: () => Promise<T>,
): Promise<T | undefined> => {
  for (let pauseMs = firstPauseMs; !stopped(); pauseMs = Math.min(pauseMs * 1.5, longestPauseMs)) {
    const fd = openSync(path, 'r')
    try {
      // The previous holder of the lock may have replaced the file.
      if (tryLockFile(fd) && fstatSync(fd).ino === statSync(path).ino) return await work()
    } finally {
      closeSync(fd)
    }
    await sleep(pauseMs * (0.5 + Math.random()))
  }
  return undefined
}
