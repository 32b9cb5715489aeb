// SPDX-License-Identifier: MIT
import { renameSync, rmSync, writeFileSync } from 'node:fs'

/** Replaces a file of the run directory by a JSON text in one step. Raises the system's error. */
export const replaceStateFile = (path: string, value: unknown): void =>
  renameSync(writeBeside(path, value), path)

/** Writes a JSON text that only root can read beside the file of this name, and returns the new path. */
export const writeBeside = (path: string, value: unknown): string => {
  const beside = `${path}.${process.pid}`
  rmSync(beside, { force: true })
  try {
    writeFileSync(beside, `${JSON.stringify(value)}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    // A full disk leaves the beginning of the file.
    rmSync(beside, { force: true })
    throw error
  }
  return beside
}
