// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs'
import { locate } from '@wgq/config/locate'
import { FileMemo } from './file-memo.ts'

/**
 * The configuration file of a running interface: the one that `wgq up` noted in its journal, else the one of that name in
 * the configuration directory. Raises `E_CONFIG_MISSING` where there is none.
 */
export const configPathOf = (interfaceName: string): string =>
  journalledPath(interfaceName) ?? locate(interfaceName).path

const journalledPath = (interfaceName: string): string | undefined => {
  for (const directory of ['/run/wgq', '/var/run/wgq']) {
    const config = journalled.get(`${directory}/${interfaceName}.json`)
    if (config !== undefined) return config
  }
  return undefined
}

/** The configuration file that a journal names; undefined where there is no journal, or where it is not ours to read. */
const journalled = new FileMemo((path): string | undefined => {
  try {
    const { config } = JSON.parse(readFileSync(path, 'utf8')) as { config?: unknown }
    return typeof config === 'string' ? config : undefined
  } catch {
    return undefined
  }
})
