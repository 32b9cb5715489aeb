// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Journal } from '../run/journal.ts'
import { isAlive } from '../run/process-mark.ts'

/** How long a daemon may take to end after the request. */
const patienceMs = 2000
const pollMs = 10

/**
 * Ends the daemon that `up` started: the program named in the journal, with the interface as an argument, in the same
 * network namespace. Without /proc it finds nothing. Resolves to whether there was one.
 */
export const endDaemon = async (journal: Journal): Promise<boolean> => {
  if (journal.daemon === undefined) return false
  const found = processes().filter((pid) => isDaemonOf(pid, journal))
  for (const pid of found) signal(pid, 'SIGTERM')
  const alive = () => found.filter((pid) => isAlive({ pid, started: '' }) && isDaemonOf(pid, journal))
  for (const deadline = Date.now() + patienceMs; alive().length > 0 && Date.now() < deadline; )
    await sleep(pollMs)
  for (const pid of alive()) signal(pid, 'SIGKILL')
  return found.length > 0
}

const processes = (): number[] => {
  try {
    return readdirSync('/proc').flatMap((name) => (/^[0-9]+$/.test(name) ? [Number(name)] : []))
  } catch {
    return []
  }
}

const isDaemonOf = (pid: number, { daemon = '', interface: name, netns }: Journal): boolean => {
  if (pid === process.pid) return false
  try {
    // The built-in one may have a title, `wgqd wg0`, followed by blanks.
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split(/[\0 ]/)
    const program = basename(daemon)
    return (
      words.includes(name) &&
      words.some((word) => basename(word).replace(/\.cjs$/, '') === program) &&
      statSync(`/proc/${pid}/ns/net`).ino === netns
    )
  } catch {
    return false
  }
}

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name)
  } catch {
    // It ended by itself.
  }
}
