// SPDX-License-Identifier: MIT
import type { Family } from '@wgq/model/ip'
import { type FilterCall, filteredFamilies, nftCall, restoreCall } from '../calls.ts'
import { firewallTool } from '../default-route/choose.ts'
import { iptablesRule } from '../iptables.ts'
import { readNftTables, saveOf } from '../listings.ts'
import { isListed, setTable, unsetTable } from '../nft.ts'
import type { FilterTools } from '../tools.ts'
import { deletedRules, insertedRules, readForwardChains } from './nft-chains.ts'
import { acceptsIn, countIn, droppingChain, ofFamily, removedRules, restoreText } from './saved-rules.ts'
import { acceptRules, gatewayRules, gatewayTable, gatewayTableName } from './table.ts'
import type { GatewayWanted } from './wanted.ts'

/**
 * The programs that set up a gateway, replacing what exists of it: its own table, and accept rules at the top of every
 * foreign chain that drops forwarded packets. `networks` are those of the interface. Changes nothing itself.
 */
export const gatewayOnCalls = async (
  dependencies: FilterTools,
  dev: string,
  wanted: GatewayWanted,
  networks: readonly string[],
): Promise<FilterCall[]> => {
  const tool = await firewallTool(dependencies)
  const calls: FilterCall[] = []
  if (tool === 'nft') {
    const { dropping, own } = readForwardChains(dev, await ruleset(dependencies))
    const lines = [
      ...deletedRules(own),
      ...dropping.flatMap(({ chain }) => insertedRules(dev, chain, wanted)),
    ]
    calls.push(nftCall(setTable(gatewayTable(dev, wanted)) + lines.map((line) => `${line}\n`).join('')))
  }
  for (const family of filteredFamilies(dependencies)) {
    const saved = (await saveOf(dependencies, family)) ?? ''
    const own = ofFamily(networks, family)
    const rules = removedRules(dev, saved)
    const chain = own.length === 0 ? undefined : droppingChain(saved)
    if (chain !== undefined)
      append(
        rules,
        'filter',
        acceptRules(dev, wanted)
          .map((rule) => `-I ${chain} 1 ${iptablesRule(rule, 'ACCEPT')}`)
          .reverse(),
      )
    if (tool === 'iptables' && own.length > 0)
      for (const [table, added] of gatewayRules(dev, wanted, own))
        append(
          rules,
          table,
          added.rules.map((rule) => `-A ${added.chain} ${iptablesRule(rule, 'ACCEPT')}`),
        )
    calls.push(...restore(family, rules))
  }
  return calls
}

/** The programs that remove what exists of a gateway, and nothing else. Changes nothing itself. */
export const gatewayOffCalls = async (dependencies: FilterTools, dev: string): Promise<FilterCall[]> => {
  const calls: FilterCall[] = []
  const tables = await readNftTables(dependencies, [gatewayTableName(dev)])
  if (tables !== undefined) {
    const { own } = readForwardChains(dev, await ruleset(dependencies))
    const lines = deletedRules(own).map((line) => `${line}\n`)
    if (tables.size > 0 || lines.length > 0)
      calls.push(nftCall(lines.join('') + (tables.size > 0 ? unsetTable(gatewayTableName(dev)) : '')))
  }
  for (const family of filteredFamilies(dependencies))
    calls.push(...restore(family, removedRules(dev, (await saveOf(dependencies, family)) ?? '')))
  return calls
}

/** Says whether a gateway is complete. */
export const hasGateway = async (
  dependencies: FilterTools,
  dev: string,
  wanted: GatewayWanted,
  networks: readonly string[],
): Promise<boolean> => {
  const tool = await firewallTool(dependencies)
  if (tool === 'nft') {
    const name = gatewayTableName(dev)
    const listed = (await readNftTables(dependencies, [name]))?.get(name)
    if (listed === undefined || !isListed(gatewayTable(dev, wanted), listed)) return false
    const { dropping } = readForwardChains(dev, await ruleset(dependencies))
    if (dropping.some(({ ours }) => ours !== accepts)) return false
  }
  for (const family of filteredFamilies(dependencies)) {
    const own = ofFamily(networks, family)
    if (own.length === 0) continue
    const saved = (await saveOf(dependencies, family)) ?? ''
    const chain = droppingChain(saved)
    if (chain !== undefined && acceptsIn(dev, saved, chain) !== accepts) return false
    if (tool === 'iptables')
      for (const [table, { rules }] of gatewayRules(dev, wanted, own))
        if (countIn(dev, saved, table) !== rules.length) return false
  }
  return true
}

/** Says whether any part of a gateway exists. */
export const hasAnyOfGateway = async (dependencies: FilterTools, dev: string): Promise<boolean> =>
  (await gatewayOffCalls(dependencies, dev)).length > 0

/** Number of rules in each dropping chain: one for each direction. */
const accepts = 2

const restore = (family: Family, rules: ReadonlyMap<string, readonly string[]>): FilterCall[] => {
  const input = restoreText(rules)
  return input === undefined ? [] : [restoreCall(family, input)]
}

const append = (rules: Map<string, string[]>, table: string, added: readonly string[]): void => {
  rules.set(table, [...(rules.get(table) ?? []), ...added])
}

const ruleset = async ({ run }: FilterTools): Promise<string> => {
  const { status, stdout } = await run('nft', ['-j', '-t', 'list', 'ruleset'], { capture: true, quiet: true })
  return status === 0 ? stdout : ''
}
