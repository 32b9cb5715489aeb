// SPDX-License-Identifier: MIT
import { accessSync, constants as modes, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'

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

/** Looks a program up in a PATH from {@link searchPath}; a name with a slash is used unchanged. */
export const findProgram =
  (path: string | undefined) =>
  (program: string): string | undefined => {
    if (program.includes('/')) return isProgram(program) ? program : undefined
    for (const directory of searchPath(path, false).split(delimiter)) {
      const candidate = join(directory, program)
      if (isProgram(candidate)) return candidate
    }
    return undefined
  }

/** Says whether a path is a file that the caller may execute. */
export const isProgram = (path: string): boolean => {
  try {
    accessSync(path, modes.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
