// SPDX-License-Identifier: MIT
import { existsSync, readFileSync } from 'node:fs'
import { locate } from '@wgq/config/locate'
import { currentNetns, journalFiles } from '@wgq/quick/run/journal'
import { FileMemo } from './file-memo.ts'

const journalDirectories = ['/run/wgq', '/var/run/wgq']

/**
 * The configuration file of a running interface: the one that `wgq up` noted in its journal, in this network namespace,
 * or the one with that name in the configuration directory. Raises `E_CONFIG_MISSING` if there is none.
 */
export const configPathOf = (interfaceName: string, directories = journalDirectories): string =>
  journalledPath(interfaceName, directories) ?? locate(interfaceName).path

/** The file that `wgq up` noted in the journal of an interface, if it still exists. */
export const journalledConfig = (interfaceName: string): string | undefined => {
  const noted = journalledPath(interfaceName, journalDirectories)
  return noted !== undefined && existsSync(noted) ? noted : undefined
}

const journalledPath = (interfaceName: string, directories: readonly string[]): string | undefined => {
  const netns = currentNetns()
  for (const directory of directories)
    for (const file of journalFiles(interfaceName, netns)) {
      const noted = journalled.get(`${directory}/${file}`)
      if (noted?.netns === netns) return noted.config
    }
  return undefined
}

/** The configuration file noted in a journal; undefined if there is no journal or it is not readable. */
const journalled = new FileMemo((path): { readonly config: string; readonly netns: number } | undefined => {
  try {
    const { config, netns } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
    return typeof config === 'string' && typeof netns === 'number' ? { config, netns } : undefined
  } catch {
    return undefined
  }
})
