// SPDX-License-Identifier: MIT
import { delimiter, isAbsolute } from 'node:path'

/** Where programs of administration are on every system that wgq runs on. */
const usualFolders: readonly string[] = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
]

/**
 * The PATH that children get and programs are looked up in: of the caller's only what does not depend on the current
 * folder (an empty part means that folder), and the usual folders where it is not set or empty. `complete` adds the usual
 * folders in any case: a caller without /usr/sbin still has nft.
 */
export const searchPath = (path: string | undefined, complete: boolean): string => {
  const own = (path ?? '').split(delimiter).filter(isAbsolute)
  const folders = complete || own.length === 0 ? [...new Set([...own, ...usualFolders])] : own
  return folders.join(delimiter)
}
