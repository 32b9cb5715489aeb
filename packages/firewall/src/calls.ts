// SPDX-License-Identifier: MIT
import type { Family } from '@wgq/model/ip'
import { saveOf } from './listings.ts'
import type { FilterTools } from './tools.ts'

/** A program to run for rules of a packet filter, and what it reads. */
export interface FilterCall {
  readonly program: 'nft' | 'iptables-restore' | 'ip6tables-restore'
  readonly args: readonly string[]
  readonly input: string
}

/** nft with a batch, which takes effect as a whole. */
export const nftCall = (input: string): FilterCall => ({ program: 'nft', args: ['-f', '-'], input })

/** `iptables-restore` or `ip6tables-restore` with a batch, which leaves other rules alone. */
export const restoreCall = (family: Family, input: string): FilterCall => ({
  program: family === 4 ? 'iptables-restore' : 'ip6tables-restore',
  args: ['-n'],
  input,
})

/** The families whose packets this machine filters: a kernel without IPv6 has none of it. */
export const filteredFamilies = ({ readSysctl }: Pick<FilterTools, 'readSysctl'>): Family[] =>
  readSysctl('net.ipv6.conf.all.disable_ipv6') === undefined ? [4] : [4, 6]

/**
 * What `write` makes of the rules that are saved now, family by family; undefined takes nothing. A family whose rules cannot
 * be listed has none.
 */
export const restoreCalls = async (
  dependencies: Pick<FilterTools, 'run' | 'find' | 'filterTables' | 'readSysctl'>,
  write: (family: Family, saved: string) => string | undefined,
): Promise<FilterCall[]> => {
  const calls: FilterCall[] = []
  for (const family of filteredFamilies(dependencies)) {
    const input = write(family, (await saveOf(dependencies, family)) ?? '')
    if (input !== undefined) calls.push(restoreCall(family, input))
  }
  return calls
}
