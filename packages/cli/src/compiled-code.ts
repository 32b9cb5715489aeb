// SPDX-License-Identifier: MIT
import { lstatSync } from 'node:fs'
import { keepBundlesIn, writeBundles } from './compiled-bundles.ts'

/** Created by a package or by hand; without it nothing is cached. */
const directory = '/var/cache/wgq'

/**
 * Caches the compiled bundles of a verb when root runs it, which saves a third of the start-up time. Anyone who can
 * write to the directory can run code as root: it must be owned by root, and files in it are private. Returns a
 * function that writes the cached code now instead of at process exit.
 */
export const keepCompiledCode = (verb: string): (() => void) => {
  if (!isKept()) return () => {}
  keepBundlesIn(directory, verb)
  return () => writeBundles(0)
}

// --- internal ---

const isKept = (): boolean => {
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) return false
  try {
    const status = lstatSync(directory, { throwIfNoEntry: false })
    return status?.isDirectory() === true && status.uid === 0 && (status.mode & 0o022) === 0
  } catch {
    return false
  }
}
