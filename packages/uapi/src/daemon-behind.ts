// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'

/** The process that listens on a socket file. */
interface ListeningProcess {
  readonly pid: number
  /** Its name as ps(1) shows it (at most 15 bytes). */
  readonly name: string
}

/**
 * Finds the process that listens on a socket file, from /proc. Undefined without /proc, if the process is hidden or in
 * another network namespace, and if there is no listener.
 */
export const daemonBehind = (path: string, proc = '/proc'): ListeningProcess | undefined => {
  try {
    const inodes = listening(readFileSync(`${proc}/net/unix`, 'latin1'), path)
    if (inodes.size === 0) return undefined
    for (const entry of readdirSync(proc))
      if (/^[0-9]+$/.test(entry) && holdsOne(`${proc}/${entry}/fd`, inodes))
        return { pid: Number(entry), name: readFileSync(`${proc}/${entry}/comm`, 'utf8').trimEnd() }
  } catch {
    // Unreadable: skip it.
  }
  return undefined
}

/** The inodes of sockets that accept connections (flag __SO_ACCEPTCON) at `path`, however it was written. */
const listening = (text: string, path: string): Set<string> => {
  const wanted = new Set([path, resolved(path)])
  const found = new Set<string>()
  for (const line of text.split('\n').slice(1)) {
    const [, flags, inode, bound] = /^\S+ \S+ \S+ ([0-9A-F]+) \S+ \S+ +([0-9]+) (\/.*)$/.exec(line) ?? []
    if (inode === undefined || bound === undefined || (Number.parseInt(flags ?? '0', 16) & 0x10000) === 0)
      continue
    if (wanted.has(bound) || wanted.has(resolved(bound))) found.add(`socket:[${inode}]`)
  }
  return found
}

const resolved = (path: string): string => {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

const holdsOne = (folder: string, inodes: ReadonlySet<string>): boolean => {
  try {
    return readdirSync(folder).some((fd) => inodes.has(readlinkSync(`${folder}/${fd}`)))
  } catch {
    return false
  }
}
