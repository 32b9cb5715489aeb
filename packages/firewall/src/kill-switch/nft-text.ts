// SPDX-License-Identifier: MIT

import { lanNetworks, namePorts } from '../exceptions/lan.ts'
import type { KillSwitchState } from '../state.ts'
import { tableName } from '../table-name.ts'
import { listedKillSwitch } from './listed.ts'

/** The table of a kill switch; it does not share the table of the default route, which upstream's `down` removes. */
export const killSwitchTable = (dev: string): string => `inet ${tableName('wgq-kill-', dev)}`

/**
 * What passes outside the tunnel: loopback, encrypted packets by their mark alone (peers roam), what keeps the link below
 * alive (DHCP, DHCPv6 and neighbour discovery), and questions of root to the given name servers.
 */
const outputRules = (
  dev: string,
  { mark, alsoMark = 0, resolvers, allow = [] }: KillSwitchState,
): string[] => [
  'oifname "lo" accept',
  `oifname "${dev}" accept`,
  ...[mark, alsoMark].filter((one) => one !== 0).map((one) => `meta l4proto udp meta mark ${one} accept`),
  'meta nfproto ipv4 udp sport 68 udp dport 67 accept',
  'meta nfproto ipv6 udp sport 546 udp dport 547 accept',
  'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept',
  ...resolvers.flatMap((server) =>
    ['udp', 'tcp'].map(
      (protocol) =>
        `meta skuid 0 ${server.includes(':') ? 'ip6' : 'ip'} daddr ${server} ${protocol} dport 53 accept`,
    ),
  ),
  ...allow.flatMap((token) => exception(token, mark)),
]

const forwardRules = (dev: string, { mark, allow = [] }: KillSwitchState): string[] => [
  `oifname "${dev}" accept`,
  `iifname "${dev}" accept`,
  // What is forwarded belongs to no user.
  ...allow.filter((token) => !token.startsWith('uid ')).flatMap((token) => exception(token, mark)),
]

/** The rules of one of {@link Exceptions.allow}. */
const exception = (token: string, mark: number): string[] => {
  const [kind, value = ''] = token.split(' ')
  if (kind === 'dev') return [`oifname "${value}" accept`]
  if (kind === 'uid') return [`meta skuid ${value} accept`]
  if (kind === 'replies') return [`ct direction reply ct mark ${mark} accept`]
  if (kind !== 'lan') return [destination(token)]
  return [
    ...namePorts.flatMap((port) => ['udp', 'tcp'].map((protocol) => `${protocol} dport ${port} drop`)),
    ...[...lanNetworks[4], ...lanNetworks[6]].map(destination),
  ]
}

/** nft lists a single address without its length. */
const destination = (network: string): string =>
  `${network.includes(':') ? 'ip6' : 'ip'} daddr ${network.replace(network.includes(':') ? '/128' : '/32', '')} accept`

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
    ...rules('forward', forwardRules(dev, state)),
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
  const state = listedKillSwitch(marks, resolvers, exceptionsIn(dev, output))
  const whole =
    same(output, [hook('output'), ...outputRules(dev, state)]) &&
    same(chains.get('forward') ?? [], [hook('forward'), ...forwardRules(dev, state)])
  return whole ? state : undefined
}

/** The exceptions that listed rules stand for, in their order. */
const exceptionsIn = (dev: string, rules: readonly string[]): string[] => {
  const lan = rules.indexOf(`udp dport ${namePorts[0]} drop`)
  const named = rules.slice(0, lan < 0 ? undefined : lan).flatMap((rule) => {
    const [, out] = /^oifname "(.+)" accept$/.exec(rule) ?? []
    if (out !== undefined) return out === 'lo' || out === dev ? [] : [`dev ${out}`]
    const [, user] = /^meta skuid (\d+) accept$/.exec(rule) ?? []
    if (user !== undefined) return [`uid ${user}`]
    if (rule.startsWith('ct direction reply ')) return ['replies']
    const [, address] = /^ip6? daddr (\S+) accept$/.exec(rule) ?? []
    if (address === undefined) return []
    return [address.includes('/') ? address : `${address}/${address.includes(':') ? 128 : 32}`]
  })
  return lan < 0 ? named : [...named, 'lan']
}

const hook = (chain: string): string => `type filter hook ${chain} priority 0; policy drop;`

const same = (seen: readonly string[], wanted: readonly string[]): boolean =>
  seen.length === wanted.length && wanted.every((rule, index) => seen[index] === normal(rule))

/** What versions of nft spell differently: names of priorities, marks in hexadecimal, the order of a set, counters. */
const normal = (line: string): string =>
  line
    .trim()
    .replace('priority filter;', 'priority 0;')
    .replace(/(meta|ct) mark (0x\S+|\d+)/, (_, what: string, mark: string) => `${what} mark ${Number(mark)}`)
    .replace(/\{ (.*) \}/, (_, list: string) => `{ ${list.split(', ').sort().join(', ')} }`)
