// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs'

/** Identifies a process, and not a later one with the same number. */
export interface ProcessMark {
  readonly pid: number
  /** When it started, in clock ticks since boot (proc(5), field 22 of stat); empty where the system has no /proc. */
  readonly started: string
}

/** The mark of this process. */
export const thisProcess = (): ProcessMark => ({ pid: process.pid, started: startOf(process.pid) ?? '' })

/** Says whether the process of a mark still runs. A zombie does not count. */
export const isAlive = (mark: ProcessMark): boolean => {
  if (mark.started !== '') return startOf(mark.pid) === mark.started
  try {
    process.kill(mark.pid, 0)
    return true
  } catch {
    return false
  }
}

/** Says whether a process is an ancestor of this one. */
export const isOwnAncestor = (pid: number): boolean => {
  const seen = new Set<number>()
  for (let at = process.ppid; at > 1 && !seen.has(at); at = parentOf(at)) {
    if (at === pid) return true
    seen.add(at)
  }
  return false
}

const parentOf = (pid: number): number => {
  const fields = statOf(pid)
  if (fields) return Number(fields[1])
  if (process.platform === 'linux') return 0
  try {
    const { execFileSync } = process.getBuiltinModule('node:child_process')
    return Number.parseInt(execFileSync('ps', ['-o', 'ppid=', '-p', `${pid}`], { encoding: 'utf8' }), 10) || 0
  } catch {
    return 0
  }
}

const startOf = (pid: number): string | undefined => {
  const fields = statOf(pid)
  return fields === undefined || fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
}

/** The fields of proc(5)'s stat, starting with the state; undefined if there is no such process or no /proc. */
const statOf = (pid: number): string[] | undefined => {
  try {
    // The name in parentheses may contain blanks and parentheses; what follows the last one does not.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}
