// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where iproute2 keeps names; a folder earlier in the list hides the same file in a later one. */
const folders = ['/etc/iproute2', '/usr/share/iproute2', '/usr/lib/iproute2']

/** Names that the kernel's own tables always have. */
const builtIn: readonly (readonly [string, number])[] = [
  ['default', 253],
  ['main', 254],
  ['local', 255],
]

/**
 * The names of routing tables: rt_tables and rt_tables.d/*.conf, as `ip` reads them. Unreadable files and lines other
 * than `NUMBER NAME` are skipped.
 */
export const readTableNames = (paths: readonly string[] = folders): Map<string, number> => {
  const names = new Map(builtIn)
  const first = paths.map((folder) => textOf(join(folder, 'rt_tables'))).find((text) => text !== undefined)
  addNames(names, first ?? '')
  // The drop-in of an administrator comes last and wins.
  for (const folder of [...paths].reverse()) {
    for (const file of listing(join(folder, 'rt_tables.d')))
      if (file.endsWith('.conf')) addNames(names, textOf(join(folder, 'rt_tables.d', file)) ?? '')
  }
  return names
}

/** The number of a table from its name or number, as `ip` reads it; undefined for an unknown name. */
export const numberOfTable = (table: string | number): number | undefined => {
  if (typeof table === 'number') return table
  if (/^(?:[0-9]+|0[xX][0-9a-fA-F]+)$/.test(table)) return Number(table)
  return readTableNames().get(table)
}

const addNames = (names: Map<string, number>, text: string): void => {
  for (const line of text.split('\n')) {
    const match = /^\s*(0x[0-9a-fA-F]+|[0-9]+)\s+([^\s#]+)/.exec(line)
    if (match) names.set(match[2] as string, Number(match[1]))
  }
}

const textOf = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

const listing = (path: string): string[] => {
  try {
    return readdirSync(path).sort()
  } catch {
    return []
  }
}
