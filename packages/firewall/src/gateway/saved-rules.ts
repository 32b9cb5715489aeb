// SPDX-License-Identifier: MIT
import type { Family } from '@wgq/model/ip'
import { linesOf } from '../iptables.ts'
import { gatewayComment } from './table.ts'

/** Input for `iptables-restore -n` or `ip6tables-restore -n`: rules by table; undefined if there is nothing to do. */
export const restoreText = (tables: ReadonlyMap<string, readonly string[]>): string | undefined => {
  const lines = [...tables].flatMap(([table, rules]) =>
    rules.length === 0 ? [] : [`*${table}`, ...rules, 'COMMIT'],
  )
  return lines.length === 0 ? undefined : `${lines.join('\n')}\n`
}

/** Deletions of all rules of a gateway in the output of `iptables-save`, by table. */
export const removedRules = (dev: string, saved: string): Map<string, string[]> => {
  const found = new Map<string, string[]>()
  for (const { table, rule } of rulesOf(saved))
    if (isOurs(dev, rule)) found.set(table, [...(found.get(table) ?? []), rule.replace(/^-A /, '-D ')])
  return found
}

/** The chain of the filter table that needs accept rules; undefined if nothing drops forwarded packets. */
export const droppingChain = (saved: string): string | undefined => {
  const filter = rulesOf(saved).filter(({ table }) => table === 'filter')
  const policy = /^:FORWARD (\S+)/m.exec(linesOf(saved, 'filter').join('\n'))?.[1]
  if (policy === undefined) return undefined
  const rules = filter.map(({ rule }) => rule)
  if (policy !== 'DROP' && !endsAll(rules, 'FORWARD', new Set())) return undefined
  // Docker rewrites FORWARD and leaves this chain to others.
  return rules.includes('-A FORWARD -j DOCKER-USER') ? 'DOCKER-USER' : 'FORWARD'
}

/** The number of a gateway's rules in a chain of the filter table. */
export const acceptsIn = (dev: string, saved: string, chain: string): number =>
  rulesOf(saved).filter(
    ({ table, rule }) => table === 'filter' && rule.startsWith(`-A ${chain} `) && isOurs(dev, rule),
  ).length

/** The number of a gateway's rules in a table. */
export const countIn = (dev: string, saved: string, wanted: string): number =>
  rulesOf(saved).filter(({ table, rule }) => table === wanted && isOurs(dev, rule)).length

/** Says whether an unconditional rule drops or rejects, in the chain or in one that every packet passes. */
const endsAll = (rules: readonly string[], chain: string, seen: Set<string>): boolean => {
  seen.add(chain)
  return rules.some((rule) => {
    if (!rule.startsWith(`-A ${chain} -j `)) return false
    const target = rule.slice(`-A ${chain} -j `.length).split(' ')[0] as string
    if (target === 'DROP' || target === 'REJECT') return true
    return !seen.has(target) && endsAll(rules, target, seen)
  })
}

interface SavedRule {
  readonly table: string
  /** `-A CHAIN …` */
  readonly rule: string
}

const rulesOf = (saved: string): SavedRule[] => {
  let table = ''
  const found: SavedRule[] = []
  for (const line of saved.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1).trim()
    else if (/^(?:\[\d+:\d+\] )?-A /.test(line))
      found.push({ table, rule: line.replace(/^\[\d+:\d+\] /, '') })
  }
  return found
}

const isOurs = (dev: string, rule: string): boolean => rule.includes(` --comment "${gatewayComment(dev)}" `)

/** Networks of one family. */
export const ofFamily = (networks: readonly string[], family: Family): string[] =>
  networks.filter((network) => network.includes(':') === (family === 6))
