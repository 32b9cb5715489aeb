// SPDX-License-Identifier: MIT
import type { Family } from '@wgq/model/ip'
import { type FilterCall, filteredFamilies, nftCall, restoreCalls } from './calls.ts'
import { firewallTool } from './default-route/choose.ts'
import { isSaved, savedChains, setChains, unsetChains } from './iptables.ts'
import { readNftTables, saveOf } from './listings.ts'
import { isListed, listedRules, setTable, unsetTable } from './nft.ts'
import type { FilterRule, JumpTable } from './rule.ts'
import type { FilterTools } from './tools.ts'

/** A state stored in its own table: how to write it, and how to read it back from listed rules. */
export interface OwnTable<State> {
  /** The table of an interface; without a state, only to find it. */
  readonly tableOf: (dev: string, state?: State) => JumpTable
  /** Parses rules by hook: those of both families, or one family's from iptables. */
  readonly read: (dev: string, rules: ReadonlyMap<string, readonly FilterRule[]>) => State
  /** Merges the states of both families from iptables; undefined if they differ. */
  readonly merge: (ipv4: State, ipv6: State) => State | undefined
}

/** The programs that set or replace a state, in order. Changes nothing itself. */
export const setCalls = async <State>(
  tools: FilterTools,
  { tableOf }: OwnTable<State>,
  dev: string,
  state: State,
): Promise<FilterCall[]> => {
  const table = tableOf(dev, state)
  if ((await firewallTool(tools)) === 'nft') return [nftCall(setTable(table))]
  return restoreCalls(tools, (family, saved) => setChains(table, family, saved))
}

/** The programs that remove a state, in order; none if there is none. Changes nothing itself. */
export const unsetCalls = async <State>(
  tools: FilterTools,
  { tableOf }: OwnTable<State>,
  dev: string,
): Promise<FilterCall[]> => {
  const table = tableOf(dev)
  // Either tool may have set it, so either may be needed to remove it.
  const present = await readNftTables(tools, [table.name])
  if (present?.size) return [nftCall(unsetTable(table.name))]
  const calls = await restoreCalls(tools, (_, saved) => unsetChains(table, saved))
  // If neither tool can list rules, nft's error says why.
  const known = (await firewallTool(tools)) === 'nft' || tools.find('iptables-save') !== undefined
  return calls.length > 0 || known ? calls : [nftCall(unsetTable(table.name))]
}

/** The current state; undefined if there is none, or it is incomplete. */
export const readOwn = async <State>(
  tools: FilterTools,
  own: OwnTable<State>,
  dev: string,
): Promise<State | undefined> => {
  const { name } = own.tableOf(dev)
  const listed = (await readNftTables(tools, [name]))?.get(name)
  if (listed !== undefined) return readListed(own, dev, listed)
  const ipv4 = readSaved(own, dev, 4, (await saveOf(tools, 4)) ?? '')
  if (ipv4 === undefined || !filteredFamilies(tools).includes(6)) return ipv4
  const ipv6 = readSaved(own, dev, 6, (await saveOf(tools, 6)) ?? '')
  return ipv6 && own.merge(ipv4, ipv6)
}

/** The state in the output of `nft list table`; undefined if a rule is missing, or there is an extra one. */
export const readListed = <State>(
  { tableOf, read }: OwnTable<State>,
  dev: string,
  listed: string,
): State | undefined => {
  const state = read(dev, listedRules(listed))
  return isListed(tableOf(dev, state), listed) ? state : undefined
}

/** One family's state from `iptables-save`; undefined if a chain is missing, unreachable or incomplete. */
export const readSaved = <State>(
  { tableOf, read }: OwnTable<State>,
  dev: string,
  family: Family,
  saved: string,
): State | undefined => {
  const state = read(dev, savedChains(tableOf(dev), saved))
  return isSaved(tableOf(dev, state), family, saved) ? state : undefined
}
