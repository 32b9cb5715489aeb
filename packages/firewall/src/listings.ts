// SPDX-License-Identifier: MIT
import type { Family } from '@wgq/model/ip'
import type { FilterTools } from './tools.ts'

/** How to list the rules of packet filters. */
type ListingTools = Pick<FilterTools, 'run' | 'find' | 'filterTables'>

const quiet = { capture: true, quiet: true }

/** The tables of nf_tables, each as `FAMILY NAME`; undefined if nft is not installed or fails. */
export const listNftTables = async ({
  run,
  find,
  filterTables,
}: ListingTools): Promise<readonly string[] | undefined> => {
  if (find('nft') === undefined) return undefined
  const known = await filterTables?.()
  if (known !== undefined) return known.nft
  const { status, stdout } = await run('nft', ['list', 'tables'], quiet)
  return status === 0 ? stdout.split('\n').flatMap((line) => /^table (.+)$/.exec(line)?.[1] ?? []) : undefined
}

/**
 * `nft list table` for each existing table, by `FAMILY NAME`; undefined if nft is not installed or fails. Leaves out
 * tables that do not exist.
 */
export const readNftTables = async (
  dependencies: ListingTools,
  tables: readonly string[],
): Promise<ReadonlyMap<string, string> | undefined> => {
  const listed = await listNftTables(dependencies)
  if (listed === undefined) return undefined
  const present = new Set(listed)
  const found = new Map<string, string>()
  for (const table of tables) {
    if (!present.has(table)) continue
    const { status, stdout } = await dependencies.run('nft', ['list', 'table', ...table.split(' ')], quiet)
    // Without /etc/protocols (small containers) nft prints numbers.
    if (status === 0) found.set(table, stdout.replaceAll('meta l4proto 17 ', 'meta l4proto udp '))
  }
  return found
}

/**
 * The output of `iptables-save` or `ip6tables-save`, empty for a family without iptables tables; undefined if the tool
 * is not installed or fails.
 */
export const saveOf = async (
  { run, find, filterTables }: ListingTools,
  family: Family,
): Promise<string | undefined> => {
  const program = family === 4 ? 'iptables-save' : 'ip6tables-save'
  if (find(program) === undefined) return undefined
  const known = await filterTables?.()
  if (known !== undefined && !known.iptables.has(family)) return ''
  const { status, stdout } = await run(program, [], quiet)
  return status === 0 ? stdout : undefined
}
