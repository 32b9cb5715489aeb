// SPDX-License-Identifier: MIT
import type { Family } from '@wgq/model/ip'
import { saveOf } from './listings.ts'
import type { FilterTools } from './tools.ts'

/** A program to run for rules of a packet filter, and its input. */
export interface FilterCall {
  readonly program: 'nft' | 'iptables-restore' | 'ip6tables-restore'
  readonly args: readonly string[]
  readonly input: string
}

/** nft with a batch, which is applied atomically. */
export const nftCall = (input: string): FilterCall => ({ program: 'nft', args: ['-f', '-'], input })

/** `iptables-restore` or `ip6tables-restore` with a batch, which keeps other rules. */
export const restoreCall = (family: Family, input: string): FilterCall => ({
  program: family === 4 ? 'iptables-restore' : 'ip6tables-restore',
  args: ['-n'],
  input,
})

/** The families that this machine filters: only IPv4 if the kernel has no IPv6. */
export const filteredFamilies = ({ readSysctl }: Pick<FilterTools, 'readSysctl'>): Family[] =>
  readSysctl('net.ipv6.conf.all.disable_ipv6') === undefined ? [4] : [4, 6]

/**
 * Calls `write` with the saved rules of each family and returns the programs to run; undefined runs none. A family
 * whose rules cannot be listed counts as empty.
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
