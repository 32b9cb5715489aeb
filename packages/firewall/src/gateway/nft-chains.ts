// SPDX-License-Identifier: MIT
import { nftRule } from '../nft.ts'
import { acceptRules, gatewayComment } from './table.ts'
import type { GatewayWanted } from './wanted.ts'

/** A foreign chain that drops forwarded packets, and the number of our rules in it. */
interface DroppingChain {
  /** `FAMILY TABLE CHAIN` */
  readonly chain: string
  readonly ours: number
}

/** One of our rules in a foreign chain. */
interface OwnRule {
  readonly chain: string
  readonly handle: number
}

interface Listed {
  readonly chain?: {
    family: string
    table: string
    name: string
    type?: string
    hook?: string
    policy?: string
  }
  readonly rule?: {
    family: string
    table: string
    chain: string
    handle: number
    comment?: string
    expr?: readonly Readonly<Record<string, unknown>>[]
  }
}

/**
 * Parses `nft -j list ruleset`: finds the foreign chains that drop forwarded packets, by policy or with a rule without
 * a condition (firewalld), and our own rules. Skips chains of iptables, which are changed through iptables. Any other
 * text yields none.
 */
export const readForwardChains = (
  dev: string,
  json: string,
): { readonly dropping: readonly DroppingChain[]; readonly own: readonly OwnRule[] } => {
  const entries = parsed(json)
  const rules = entries.flatMap(({ rule }) => (rule ? [rule] : []))
  const place = (of: { family: string; table: string }, name: string): string =>
    `${of.family} ${of.table} ${name}`
  const own = rules
    .filter(({ comment }) => comment === gatewayComment(dev))
    .map((rule) => ({ chain: place(rule, rule.chain), handle: rule.handle }))
  const dropping = entries.flatMap(({ chain }) => {
    if (chain?.hook !== 'forward' || chain.type !== 'filter' || isOther(chain)) return []
    const inChain = rules.filter((rule) => place(rule, rule.chain) === place(chain, chain.name))
    if (chain.policy !== 'drop' && !inChain.some(endsAll)) return []
    const name = place(chain, chain.name)
    return [{ chain: name, ours: own.filter((rule) => rule.chain === name).length }]
  })
  return { dropping, own }
}

/** Rules to insert at the top of a chain: the last one first, because each goes above the others. */
export const insertedRules = (dev: string, chain: string, wanted: GatewayWanted): string[] =>
  acceptRules(dev, wanted)
    .map((rule) => `insert rule ${chain} ${nftRule(rule)}`)
    .reverse()

/** Deletes our rules from foreign chains. */
export const deletedRules = (own: readonly OwnRule[]): string[] =>
  own.map(({ chain, handle }) => `delete rule ${chain} handle ${handle}`)

/** Tables of wgq, of wg-quick and of iptables-nft, and those of families that do not filter IP packets. */
const isOther = ({ family, table, name }: { family: string; table: string; name: string }): boolean =>
  !['inet', 'ip', 'ip6'].includes(family) ||
  /^wgq?-/.test(table) ||
  (family !== 'inet' && table === 'filter' && name === 'FORWARD')

/** Nothing but counting and logging before it drops or rejects. */
const endsAll = ({ expr = [] }: { expr?: readonly Readonly<Record<string, unknown>>[] }): boolean =>
  expr.some((statement) => 'drop' in statement || 'reject' in statement) &&
  expr.every((statement) => ['drop', 'reject', 'counter', 'log', 'limit'].some((key) => key in statement))

const parsed = (json: string): readonly Listed[] => {
  try {
    const { nftables } = JSON.parse(json) as { nftables?: unknown }
    return Array.isArray(nftables) ? (nftables as Listed[]) : []
  } catch {
    return []
  }
}
