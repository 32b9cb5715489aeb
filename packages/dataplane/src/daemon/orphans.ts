// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync } from 'node:fs'
import { reap } from '@wgq/native/system'

const everyMs = 1000

/**
 * As the first process of a container, reaps processes whose parent ended before them, so that they do not stay as
 * zombies. Otherwise does nothing. Runs until the process ends, without keeping it alive.
 */
export const reapOrphans = (): void => {
  if (process.pid !== 1) return
  let before = new Set<number>()
  setInterval(() => {
    // Node reaps our own children within milliseconds: a zombie found twice is an orphan.
    const found = new Set(zombies(process.pid))
    for (const pid of found) if (before.has(pid)) reap(pid)
    before = found
  }, everyMs).unref()
}

// --- internal ---

/** Ended children of a process (proc_pid_stat(5): the state follows the name in brackets, the parent follows the state). */
const zombies = (parent: number): number[] =>
  readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && / Z (\d+) /.exec(statOf(pid))?.[1] === String(parent))

const statOf = (pid: number): string => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 1)
  } catch {
    return ''
  }
}
