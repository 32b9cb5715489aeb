// SPDX-License-Identifier: MIT
import { readdirSync } from 'node:fs'

/** Paths of the drop-ins of a configuration file, in order; none where there is no such directory. */
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
