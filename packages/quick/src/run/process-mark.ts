// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs'

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessMark {
  readonly pid: number
  /** When it started, in clock ticks since boot (proc(5), field 22 of stat); empty where the system has no /proc. */
  readonly started: string
}

/** The mark of this process. */
export const thisProcess = (): ProcessMark => ({ pid: process.pid, started: startOf(process.pid) ?? '' })

/** Says whether the very process of a mark still runs. A zombie does not count. */
export const isAlive = (mark: ProcessMark): boolean => {
  if (mark.started !== '') return startOf(mark.pid) === mark.started
  try {
    process.kill(mark.pid, 0)
    return true
  } catch {
    return false
  }
}

const startOf = (pid: number): string | undefined => {
  try {
    // The name in parentheses may hold blanks and parentheses itself; what follows the last one does not.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
  } catch {
    return undefined
  }
}
