// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs'
import { locate } from '@wgq/config/locate'

/**
 * The configuration file of a running interface: the one that `wgq up` noted in its journal, else the one of that name in
 * the configuration directory. Raises `E_CONFIG_MISSING` where there is none.
 */
export const configPathOf = (interfaceName: string): string =>
  journalledPath(interfaceName) ?? locate(interfaceName).path

const journalledPath = (interfaceName: string): string | undefined => {
  for (const directory of ['/run/wgq', '/var/run/wgq']) {
    try {
      const { config } = JSON.parse(readFileSync(`${directory}/${interfaceName}.json`, 'utf8')) as {
        config?: unknown
      }
      if (typeof config === 'string') return config
    } catch {
      // no journal, or not ours to read
    }
  }
  return undefined
}
