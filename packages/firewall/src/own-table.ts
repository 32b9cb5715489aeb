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

/** What exists of a state. */
interface Found<State> {
  /** As far as it can be read. */
  readonly state: State
  /** A rule, or a family of iptables, is missing, or there is an extra rule. */
  readonly isAltered: boolean
}

/** What exists of a state, complete or not; undefined if {@link unsetCalls} would find nothing to remove. */
export const findOwn = async <State>(
  tools: FilterTools,
  own: OwnTable<State>,
  dev: string,
): Promise<Found<State> | undefined> => {
  const { name } = own.tableOf(dev)
  const listed = (await readNftTables(tools, [name]))?.get(name)
  if (listed !== undefined) {
    const state = readListed(own, dev, listed)
    return { state: state ?? own.read(dev, listedRules(listed)), isAltered: state === undefined }
  }
  const families = filteredFamilies(tools)
  const parts: Found<State>[] = []
  for (const family of families) {
    const saved = (await saveOf(tools, family)) ?? ''
    if (unsetChains(own.tableOf(dev), saved) === undefined) continue
    const state = own.read(dev, savedChains(own.tableOf(dev), saved))
    parts.push({ state, isAltered: readSaved(own, dev, family, saved) === undefined })
  }
  const [first, second] = parts
  if (first === undefined) return undefined
  const both = second ? own.merge(first.state, second.state) : first.state
  const isWhole = parts.length === families.length && !parts.some(({ isAltered }) => isAltered)
  return { state: both ?? first.state, isAltered: both === undefined || !isWhole }
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
