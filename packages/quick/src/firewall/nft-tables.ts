// SPDX-License-Identifier: MIT
import type { Edges } from '../edges.ts'

/**
 * `nft list table` of those tables that exist, by `FAMILY NAME`; undefined where nft is not installed or does not answer.
 * What does not exist is not in it.
 */
export const readNftTables = async (
  { run, find }: Pick<Edges, 'run' | 'find'>,
  tables: readonly string[],
): Promise<ReadonlyMap<string, string> | undefined> => {
  if (find('nft') === undefined) return undefined
  const quiet = { capture: true, quiet: true }
  const listed = await run('nft', ['list', 'tables'], quiet)
  if (listed.status !== 0) return undefined
  const present = new Set(listed.stdout.split('\n').map((line) => line.replace(/^table /, '')))
  const found = new Map<string, string>()
  for (const table of tables) {
    if (!present.has(table)) continue
    const { status, stdout } = await run('nft', ['list', 'table', ...table.split(' ')], quiet)
    // Without /etc/protocols (small containers) nft lists numbers.
    if (status === 0) found.set(table, stdout.replaceAll('meta l4proto 17 ', 'meta l4proto udp '))
  }
  return found
}
