// SPDX-License-Identifier: MIT
import { fieldsOf, given } from './listed-rule.ts'
import { type FilterChain, type FilterRule, type FilterTable, icmp6Types } from './rule.ts'

/** A rule in nft's syntax. */
export const nftRule = (rule: FilterRule): string =>
  [
    rule.in && `iifname "${rule.in}"`,
    rule.out && `oifname "${rule.out}"`,
    rule.notOut && `oifname != "${rule.notOut}"`,
    rule.protocol && rule.port === undefined && `meta l4proto ${rule.protocol}`,
    rule.mark !== undefined && `meta mark ${rule.mark}`,
    rule.family && `meta nfproto ipv${rule.family}`,
    rule.user !== undefined && `meta skuid ${rule.user}`,
    rule.to && `${rule.to.includes(':') ? 'ip6' : 'ip'} daddr ${withoutFullLength(rule.to)}`,
    rule.sourcePort && `${rule.protocol} sport ${rule.sourcePort}`,
    rule.port && `${rule.protocol} dport ${rule.port}`,
    rule.icmp6 && `icmpv6 type { ${rule.icmp6.map((type) => icmp6Types[type][1]).join(', ')} }`,
    rule.syn && 'tcp flags & (syn | rst) == syn',
    rule.connection && connections[rule.connection],
    rule.toLocal && 'fib daddr type local',
    rule.connectionMark !== undefined && `ct mark ${rule.connectionMark}`,
    spell(rule.verdict),
    rule.comment && `comment "${rule.comment}"`,
  ]
    .filter(Boolean)
    .join(' ')

const connections = {
  new: 'ct state new',
  reply: 'ct direction reply',
  answer: 'ct state established,related',
} as const

const spell = (verdict: FilterRule['verdict']): string => {
  if (verdict === 'clamp') return 'tcp option maxseg size set rt mtu'
  if (typeof verdict === 'string') return verdict
  return 'setMark' in verdict
    ? `meta mark set ${verdict.setMark}`
    : `ct mark set ${verdict.setConnectionMark}`
}

/** nft lists a single address without its prefix length. */
const withoutFullLength = (network: string): string =>
  network.replace(network.includes(':') ? /\/128$/ : /\/32$/, '')

/**
 * Parses the output of {@link nftRule} as far as it distinguishes states. The caller then compares the whole listing
 * with what it would write for that state.
 */
const readRule = (text: string): FilterRule => {
  const { word, number } = fieldsOf(text)
  const address = word(/\bip6? daddr (\S+)/)
  const length = address?.includes('/') ? '' : address?.includes(':') ? '/128' : '/32'
  return given({
    out: word(/oifname "([^"]+)"/),
    protocol: word(/\b(udp|tcp) /),
    port: number(/ dport (\d+)/),
    to: address && address + length,
    user: number(/meta skuid (\d+)/),
    mark: number(/meta mark (\d+)/),
    connection: text.includes('ct direction reply') ? 'reply' : undefined,
    connectionMark: number(/ct mark (\d+)/),
    toLocal: text.includes('fib daddr type local') || undefined,
    verdict: /(?:accept|return|drop)$/.exec(text)?.[0] ?? { setMark: 0 },
  })
}

/** One transaction that creates a table, replacing an older one of its name without a gap. */
export const setTable = ({ name, chains }: FilterTable): string =>
  [
    // Adding first makes the deletion succeed whether or not the table exists.
    `add table ${name}`,
    `delete table ${name}`,
    `add table ${name}`,
    ...chains.flatMap((chain) => [
      `add chain ${name} ${chain.hook} { ${hookOf(chain)} }`,
      ...chain.rules.map((rule) => `add rule ${name} ${chain.hook} ${nftRule(rule)}`),
    ]),
    '',
  ].join('\n')

/** The transaction that deletes a table, which need not exist. */
export const unsetTable = (name: string): string => `add table ${name}\ndelete table ${name}\n`

/** The rules in the output of `nft list table`, by chain. */
export const listedRules = (listed: string): ReadonlyMap<string, readonly FilterRule[]> =>
  new Map([...chainsIn(listed)].map(([name, [, ...rules]]) => [name, rules.map(readRule)]))

/** Says whether `nft list table` shows exactly the chains and rules that {@link setTable} writes, and they work. */
export const isListed = ({ chains }: FilterTable, listed: string): boolean => {
  const seen = chainsIn(listed)
  return (
    !/^\s*flags .*dormant/m.test(listed) &&
    seen.size === chains.length &&
    chains.every((chain) => {
      const lines = [hookOf(chain), ...chain.rules.map(nftRule)].map(normal)
      return seen.get(chain.hook)?.join('\n') === lines.join('\n')
    })
  )
}

const hookOf = ({ type, hook, priority, policy }: FilterChain): string =>
  `type ${type} hook ${hook} priority ${priority}; policy ${policy};`

const chainsIn = (listed: string): Map<string, string[]> =>
  new Map(
    [...listed.matchAll(/^\s*chain (\S+) \{\n([\s\S]*?)^\s*\}$/gm)].map(([, name = '', body = '']) => [
      name,
      body.split('\n').map(normal).filter(Boolean),
    ]),
  )

/** Normalizes differences between nft versions: priority names, hexadecimal marks, the order of sets, flags. */
const normal = (line: string): string =>
  line
    .trim()
    .replace('priority filter;', 'priority 0;')
    .replace('priority mangle;', 'priority -150;')
    .replace('priority srcnat;', 'priority 100;')
    .replace(/mark (set )?(0x[0-9a-f]+)/g, (_, set = '', mark: string) => `mark ${set}${Number(mark)}`)
    .replace(/\{ (.*) \}/, (_, list: string) => `{ ${list.split(', ').sort().join(', ')} }`)
    .replace(/tcp flags (?:& \(syn \| rst\) == syn|syn \/ syn,rst)/, 'tcp flags SYN')
