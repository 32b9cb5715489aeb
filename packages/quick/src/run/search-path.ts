// SPDX-License-Identifier: MIT
import { delimiter, isAbsolute } from 'node:path'

/** Directories of administration programs on every system that wgq runs on. */
const usualFolders: readonly string[] = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
]

/**
 * The PATH of children and of program look-ups: the caller's entries that do not depend on the current directory (an
 * empty entry means that directory), or the usual directories if it is unset or empty. `complete` always adds the usual
 * directories: a caller without /usr/sbin still finds nft.
 */
export const searchPath = (path: string | undefined, complete: boolean): string => {
  const own = (path ?? '').split(delimiter).filter(isAbsolute)
  const folders = complete || own.length === 0 ? [...new Set([...own, ...usualFolders])] : own
  return folders.join(delimiter)
}
