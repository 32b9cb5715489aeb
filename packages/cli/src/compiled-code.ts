// SPDX-License-Identifier: MIT
import { lstatSync } from 'node:fs'

/** Made by a package or by hand; where it is not there, nothing is kept. */
const directory = '/var/cache/wgq'

/**
 * Root's runs of a verb keep what V8 made of the bundles, which saves a third of a start. Whoever can write there can run code
 * as root: the folder has to be root's own, and what is made inside is closed to others.
 */
export const keepCompiledCode = async (verb: string): Promise<void> => {
  if (isKept()) (await import('./compiled-bundles.ts')).keepBundlesIn(directory, verb)
}

/** Resolves to what writes the code that is to be kept now, not at the end of the process. */
export const compiledCodeWriter = async (): Promise<() => void> => {
  if (!isKept()) return () => {}
  const { writeBundles } = await import('./compiled-bundles.ts')
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
