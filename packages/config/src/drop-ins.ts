// SPDX-License-Identifier: MIT
import { readdirSync } from 'node:fs'

/** Returns the paths of a configuration file's drop-ins, in order; empty if there is no drop-in directory. */
export const dropIns = (configPath: string): string[] => {
  const directory = `${configPath}.d`
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.conf') && !name.startsWith('.'))
      .sort()
      .map((name) => `${directory}/${name}`)
  } catch {
    return []
  }
}
