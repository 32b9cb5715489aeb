// SPDX-License-Identifier: MIT
import type { Family } from '@wgq/model/ip'
import { type FilterCall, filteredFamilies, nftCall, restoreCalls } from './calls.ts'
import { firewallTool } from './default-route/choose.ts'
import { isSaved, savedChains, setChains, unsetChains } from './iptables.ts'
import { readNftTables, saveOf } from './listings.ts'
import { isListed, listedRules, setTable, unsetTable } from './nft.ts'
import type { FilterRule, JumpTable } from './rule.ts'
import type { FilterTools } from './tools.ts'

/** What is kept in a table of its own: how a state is one, and which state listed rules stand for. */
export interface OwnTable<State> {
  /** Of an interface; without a state, to find it. */
  readonly tableOf: (dev: string, state?: State) => JumpTable
  /** Rules by hook: those of both families, or what iptables has for one. */
  readonly read: (dev: string, rules: ReadonlyMap<string, readonly FilterRule[]>) => State
  /** One state of what iptables has for each family; undefined where they do not agree. */
  readonly merge: (ipv4: State, ipv6: State) => State | undefined
}

/** What puts a state in place, or in the place of another, in order. Changes nothing itself. */
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

/** What takes it away, in order; one that is not there takes nothing. Changes nothing itself. */
export const unsetCalls = async <State>(
  tools: FilterTools,
  { tableOf }: OwnTable<State>,
  dev: string,
): Promise<FilterCall[]> => {
  const table = tableOf(dev)
  // Whatever it was set with may be what it has to be taken away with.
  const present = await readNftTables(tools, [table.name])
  if (present?.size) return [nftCall(unsetTable(table.name))]
  const calls = await restoreCalls(tools, (_, saved) => unsetChains(table, saved))
  // Where no tool can tell what is there, the one that was used says why.
  const known = (await firewallTool(tools)) === 'nft' || tools.find('iptables-save') !== undefined
  return calls.length > 0 || known ? calls : [nftCall(unsetTable(table.name))]
}

/** The state as the system has it; undefined where there is none, or one that is not complete. */
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

/** The state of what `nft list table` shows; undefined where a rule is missing, or one too many is there. */
export const readListed = <State>(
  { tableOf, read }: OwnTable<State>,
  dev: string,
  listed: string,
): State | undefined => {
  const state = read(dev, listedRules(listed))
  return isListed(tableOf(dev, state), listed) ? state : undefined
}

/** The state of what `iptables-save` shows of one family; undefined where a chain is missing, not reached or not complete. */
export const readSaved = <State>(
  { tableOf, read }: OwnTable<State>,
  dev: string,
  family: Family,
  saved: string,
): State | undefined => {
  const state = read(dev, savedChains(tableOf(dev), saved))
  return isSaved(tableOf(dev, state), family, saved) ? state : undefined
}
