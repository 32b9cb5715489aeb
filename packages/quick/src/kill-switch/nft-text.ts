// SPDX-License-Identifier: MIT
import { tableName } from '../firewall/table-name.ts'
import type { KillSwitchState } from '../state/tunnel-state.ts'

/** The table of a kill switch; it does not share the table of the default route, which upstream's `down` removes. */
export const killSwitchTable = (dev: string): string => `inet ${tableName('wgq-kill-', dev)}`

/**
 * What passes beside the tunnel: loopback, encrypted packets by their mark alone (peers roam), what keeps the link below
 * alive (DHCP, DHCPv6 and neighbour discovery), and questions of root to the given name servers.
 */
const outputRules = (dev: string, { mark, resolvers }: KillSwitchState): string[] => [
  'oifname "lo" accept',
  `oifname "${dev}" accept`,
  ...(mark === 0 ? [] : [`meta l4proto udp meta mark ${mark} accept`]),
  'meta nfproto ipv4 udp sport 68 udp dport 67 accept',
  'meta nfproto ipv6 udp sport 546 udp dport 547 accept',
  'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept',
  ...resolvers.flatMap((server) =>
    ['udp', 'tcp'].map(
      (protocol) =>
        `meta skuid 0 ${server.includes(':') ? 'ip6' : 'ip'} daddr ${server} ${protocol} dport 53 accept`,
    ),
  ),
]

const forwardRules = (dev: string): string[] => [`oifname "${dev}" accept`, `iifname "${dev}" accept`]

/**
 * One nft transaction that blocks everything this machine sends or forwards outside of the tunnel, replacing an older
 * version of itself without a gap.
 */
export const writeKillSwitch = (dev: string, state: KillSwitchState): string => {
  const table = killSwitchTable(dev)
  const rules = (chain: string, texts: string[]) => texts.map((text) => `add rule ${table} ${chain} ${text}`)
  const lines = [
    // Adding first makes the deletion succeed whether there was one or not.
    `add table ${table}`,
    `delete table ${table}`,
    `add table ${table}`,
    `add chain ${table} output { type filter hook output priority 0; policy drop; }`,
    `add chain ${table} forward { type filter hook forward priority 0; policy drop; }`,
    ...rules('output', outputRules(dev, state)),
    ...rules('forward', forwardRules(dev)),
  ]
  return `${lines.join('\n')}\n`
}

/** The transaction that takes a kill switch away, also where there is none. */
export const removeKillSwitch = (dev: string): string => {
  const table = killSwitchTable(dev)
  return `add table ${table}\ndelete table ${table}\n`
}

/**
 * Reads `nft list table` of a kill switch; undefined where a rule of it is missing, or one too many is there, so that it
 * does not do what it should.
 */
export const readKillSwitchTable = (dev: string, listed: string): KillSwitchState | undefined => {
  const chains = new Map(
    [...listed.matchAll(/^\s*chain (\S+) \{\n([\s\S]*?)^\s*\}$/gm)].map(([, name = '', body = '']) => [
      name,
      body.split('\n').map(normal).filter(Boolean),
    ]),
  )
  const output = chains.get('output') ?? []
  const marks = output.flatMap((rule) => /^meta l4proto udp meta mark (\S+) accept$/.exec(rule)?.[1] ?? [])
  const resolvers = output.flatMap(
    (rule) => /^meta skuid 0 ip6? daddr (\S+) udp dport 53 accept$/.exec(rule)?.[1] ?? [],
  )
  const state = { mark: Number(marks[0] ?? 0), resolvers }
  const whole =
    same(output, [hook('output'), ...outputRules(dev, state)]) &&
    same(chains.get('forward') ?? [], [hook('forward'), ...forwardRules(dev)])
  return whole ? state : undefined
}

const hook = (chain: string): string => `type filter hook ${chain} priority 0; policy drop;`

const same = (seen: readonly string[], wanted: readonly string[]): boolean =>
  seen.length === wanted.length && wanted.every((rule, index) => seen[index] === normal(rule))

/** What versions of nft spell differently: names of priorities, marks in hexadecimal, the order of a set, counters. */
const normal = (line: string): string =>
  line
    .trim()
    .replace('priority filter;', 'priority 0;')
    .replace(/meta mark (\S+)/, (_, mark: string) => `meta mark ${Number(mark)}`)
    .replace(/\{ (.*) \}/, (_, list: string) => `{ ${list.split(', ').sort().join(', ')} }`)
