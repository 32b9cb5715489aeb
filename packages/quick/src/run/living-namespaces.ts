// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** PROC_PID_INIT_INO of linux/proc_ns.h: the process namespace in which every process can be seen. */
const firstPidNamespace = 'pid:[4026531836]'

/**
 * Inodes of the network namespaces that a process or one of its threads is in, that a process has open, or that are
 * mounted where a process sees it (`ip netns add`). Undefined if some may be hidden: in a container, without the right
 * to inspect every process, with hidepid. `proc` is the mount point of proc(5).
 */
export const livingNamespaces = (proc = '/proc'): ReadonlySet<number> | undefined => {
  try {
    if (readlinkSync(`${proc}/self/ns/pid`) !== firstPidNamespace || hidesProcesses(proc)) return undefined
    const found = new Set<number>()
    // A process that forks and ends during the scan may be missed once.
    for (let look = 0; look < 2; look++) lookAround(proc, found)
    return found
  } catch {
    return undefined
  }
}

const hidesProcesses = (proc: string): boolean =>
  / - proc \S+ \S*hidepid=(?!0|off)/.test(readFileSync(`${proc}/self/mountinfo`, 'latin1'))

const lookAround = (proc: string, found: Set<number>): void => {
  const note = (text: string): void => {
    for (const [, inode] of text.matchAll(/net:\[(\d+)\]/g)) found.add(Number(inode))
  }
  for (const pid of readdirSync(proc).filter((name) => /^[0-9]+$/.test(name))) {
    for (const task of unlessEnded(() => readdirSync(`${proc}/${pid}/task`)) ?? [])
      note(unlessEnded(() => readlinkSync(`${proc}/${pid}/task/${task}/ns/net`)) ?? '')
    for (const fd of unlessEnded(() => readdirSync(`${proc}/${pid}/fd`)) ?? [])
      note(unlessEnded(() => readlinkSync(`${proc}/${pid}/fd/${fd}`)) ?? '')
    note(unlessEnded(() => readFileSync(`${proc}/${pid}/mountinfo`, 'latin1')) ?? '')
  }
}

/** Reads from a process's files; undefined if it has ended. Raises the system's error if access is denied. */
const unlessEnded = <T>(ask: () => T): T | undefined => {
  try {
    return ask()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // EINVAL: a zombie has no mounts.
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EINVAL') return undefined
    throw error
  }
}
