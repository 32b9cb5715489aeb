// SPDX-License-Identifier: MIT
import { lstatSync } from 'node:fs'

/** Made by a package or by hand; where it is not there, nothing is kept. */
const directory = '/var/cache/wgq'

/** Functions of node:module that releases before 22.1 and 22.10 do not have. */
interface CompileCache {
  readonly enableCompileCache?: (directory: string) => unknown
  readonly flushCompileCache?: () => void
}

/**
 * Root's runs keep what V8 made of the bundles (Node 22.1 and newer), which saves a fifth of a start. Whoever can write there
 * can run code as root: the folder has to be root's own, and what Node makes inside is closed to others.
 */
export const keepCompiledCode = (): void => {
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) return
  try {
    const status = lstatSync(directory, { throwIfNoEntry: false })
    if (!status?.isDirectory() || status.uid !== 0 || (status.mode & 0o022) !== 0) return
    const { enableCompileCache } = process.getBuiltinModule('node:module') as CompileCache
    const mask = process.umask(0o077)
    enableCompileCache?.(directory)
    process.umask(mask)
  } catch {
    // Then it takes longer.
  }
}

/** Writes what is to be kept now, not at the end of the process. */
export const writeCompiledCode = (): void =>
  (process.getBuiltinModule('node:module') as CompileCache).flushCompileCache?.()
