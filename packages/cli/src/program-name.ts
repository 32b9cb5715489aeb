// SPDX-License-Identifier: MIT
import { basename } from 'node:path'
import { isProgram } from '@wgq/quick/run/search-path'

/**
 * Derives the program name for messages. `wg` prints its argv[0], but a script gets only the path that the shell found.
 * So: the bare name if a search through PATH leads to exactly this path, else the given path.
 */
export const programName = (launcher: string, path = process.env['PATH'] ?? ''): string => {
  const name = basename(launcher)
  for (const directory of path.split(':')) {
    const candidate = `${directory === '' ? '.' : directory.replace(/\/+$/, '')}/${name}`
    if (isProgram(candidate)) return candidate === launcher ? name : launcher
  }
  return launcher
}
