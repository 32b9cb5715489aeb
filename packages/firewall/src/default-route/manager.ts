// SPDX-License-Identifier: MIT
import type { Family } from '@wgq/model/ip'
import type { Op } from '@wgq/model/operation'
import { readNftTables, saveOf } from '../listings.ts'
import type { FirewallFamily, FirewallState } from '../state.ts'
import type { FilterTools } from '../tools.ts'
import { firewallWriter } from './choose.ts'
import { nftTable } from './nft-text.ts'

/** The current firewall of an interface, loaded by any program; undefined if there is none. */
export const readFirewall = async (
  dependencies: FilterTools,
  dev: string,
): Promise<FirewallState | undefined> => {
  const families: FirewallFamily[] = []
  const tables = await readNftTables(dependencies, [`ip ${nftTable(dev)}`, `ip6 ${nftTable(dev)}`])
  for (const family of [4, 6] as const) {
    const text = tables?.get(`${family === 4 ? 'ip' : 'ip6'} ${nftTable(dev)}`)
    if (text !== undefined) families.push(readTable(family, text))
  }
  if (families.length > 0) return { tool: 'nft', families }
  if (dependencies.find('iptables') === undefined) return undefined
  for (const family of [4, 6] as const) {
    const saved = (await saveOf(dependencies, family)) ?? ''
    const lines = saved.split('\n').filter((line) => line.includes(`"wg-quick(8) rule for ${dev}"`))
    if (lines.length > 0) families.push(readSaved(family, lines))
  }
  return families.length > 0 ? { tool: 'iptables', families } : undefined
}

/**
 * The operations that replace the firewall in `seen` by another one, or by none. With nft each family changes in one
 * transaction.
 */
export const planFirewall = (
  dev: string,
  wanted: FirewallState | undefined,
  seen: FirewallState | undefined,
): Op[] => {
  const inPlace = wanted?.tool === 'nft' && seen?.tool === 'nft'
  const stays = new Set(inPlace ? wanted.families.map(({ family }) => family) : [])
  const gone = (seen?.families ?? []).filter(({ family }) => !stays.has(family))
  const writer = wanted && firewallWriter(wanted.tool)
  const isThere = (family: Family) => seen?.families.some((one) => one.family === family) && stays.has(family)
  return [
    ...(gone.length === 0
      ? []
      : stays.size === 0
        ? [removeAll(seen)]
        : gone.map(({ family }) => remove(dev, family))),
    ...(wanted?.families ?? []).map(
      ({ family, mark, addresses }): Op => ({
        do: 'firewall.load',
        tool: writer?.tool(family) ?? 'nft',
        text: (isThere(family) ? removal(dev, family) : '') + writer?.write({ dev, family, mark, addresses }),
      }),
    ),
  ]
}

/** An empty text removes whatever is there. */
const removeAll = (seen: FirewallState | undefined): Op => ({
  do: 'firewall.unload',
  tool: seen?.tool === 'nft' ? 'nft' : 'iptables-restore',
  text: '',
})

const remove = (dev: string, family: Family): Op => ({
  do: 'firewall.unload',
  tool: 'nft',
  text: removal(dev, family),
})

const removal = (dev: string, family: Family): string =>
  `delete table ${family === 4 ? 'ip' : 'ip6'} ${nftTable(dev)}\n`

/**
 * Parses `nft list table`. A table that lacks one of the two rules for connections, or has another line (a rule, a set,
 * `flags dormant`, a chain's policy) saves and restores no mark: 0.
 */
const readTable = (family: Family, text: string): FirewallFamily => {
  const rules = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(?:\}|(?:table|chain) .*|type filter .* policy accept;)$/.test(line))
  const addresses = rules.flatMap(
    (rule) => /^iifname != \S+ ip6? daddr (\S+) fib saddr type != local drop$/.exec(rule)?.[1] ?? [],
  )
  const saved = rules.flatMap(
    (rule) => /^meta l4proto udp meta mark (0x[0-9a-f]+) ct mark set meta mark$/.exec(rule)?.[1] ?? [],
  )
  const restored = rules.includes('meta l4proto udp meta mark set ct mark')
  const hooks = [...text.matchAll(/type filter hook (\S+) priority (\S+);/g)].map((hook) =>
    hook.slice(1).join(' '),
  )
  const whole =
    saved.length === 1 &&
    restored &&
    rules.length === addresses.length + 2 &&
    hooks.sort().join() === wantedHooks
  return { family, mark: whole ? Number(saved[0]) : 0, addresses }
}

const wantedHooks = 'postrouting mangle,prerouting mangle,prerouting raw'

/** iptables lists the last inserted rule first. Without the rule that restores the mark, the mark is 0. */
const readSaved = (family: Family, lines: readonly string[]): FirewallFamily => ({
  family,
  mark: lines.some((line) => /^-A PREROUTING .*--restore-mark/.test(line))
    ? Number(/--mark (0x[0-9a-f]+)/.exec(lines.join('\n'))?.[1] ?? 0)
    : 0,
  addresses: lines.flatMap((line) => /^-A PREROUTING -d ([^/ ]+)/.exec(line)?.[1] ?? []).reverse(),
})
