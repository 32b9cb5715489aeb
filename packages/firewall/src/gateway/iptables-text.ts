// SPDX-License-Identifier: MIT
import type { Family } from '@wgq/model/ip'
import type { GatewayWanted } from './wanted.ts'

/** The comment by which rules of a gateway are found again. */
export const gatewayComment = (dev: string): string => `wgq ${dev}`

/** Input for `iptables-restore -n` or `ip6tables-restore -n`: rules by table; undefined if there is nothing to do. */
export const restoreText = (tables: ReadonlyMap<string, readonly string[]>): string | undefined => {
  const lines = [...tables].flatMap(([table, rules]) =>
    rules.length === 0 ? [] : [`*${table}`, ...rules, 'COMMIT'],
  )
  return lines.length === 0 ? undefined : `${lines.join('\n')}\n`
}

/** Deletions of every rule of a gateway in the text of `iptables-save`, by table. */
export const removedRules = (dev: string, saved: string): Map<string, string[]> => {
  const found = new Map<string, string[]>()
  for (const { table, rule } of rulesOf(saved))
    if (isOurs(dev, rule)) found.set(table, [...(found.get(table) ?? []), rule.replace(/^-A /, '-D ')])
  return found
}

/** The rules that accept, in the order in which they are at the top of a chain that drops. */
export const acceptRules = (dev: string, { inward }: GatewayWanted): string[] => {
  const comment = commented(dev)
  const answers = inward ? '' : '-m conntrack --ctstate RELATED,ESTABLISHED '
  return [`-i ${dev} ${comment} -j ACCEPT`, `-o ${dev} ${answers}${comment} -j ACCEPT`]
}

/** Where nft is missing: masquerading of the tunnel's own networks, and the size of TCP segments, by table. */
export const natRules = (
  dev: string,
  { masquerade }: GatewayWanted,
  networks: readonly string[],
): Map<string, string[]> => {
  const comment = commented(dev)
  const out = masquerade === 'auto' ? `! -o ${dev}` : `-o ${masquerade}`
  const clamp = `-p tcp -m tcp --tcp-flags SYN,RST SYN ${comment} -j TCPMSS --clamp-mss-to-pmtu`
  return new Map([
    [
      'nat',
      masquerade === undefined
        ? []
        : networks.map((from) => `-A POSTROUTING -s ${from} ${out} ${comment} -j MASQUERADE`),
    ],
    ['mangle', [`-A FORWARD -i ${dev} ${clamp}`, `-A FORWARD -o ${dev} ${clamp}`]],
  ])
}

/** The chain of the filter table that an accept has to be in; undefined where nothing drops what is forwarded. */
export const droppingChain = (saved: string): string | undefined => {
  const filter = rulesOf(saved).filter(({ table }) => table === 'filter')
  const policy = /^:FORWARD (\S+)/m.exec(partOf(saved, 'filter'))?.[1]
  if (policy === undefined) return undefined
  const rules = filter.map(({ rule }) => rule)
  if (policy !== 'DROP' && !endsAll(rules, 'FORWARD', new Set())) return undefined
  // Docker rewrites FORWARD and leaves this chain to others.
  return rules.includes('-A FORWARD -j DOCKER-USER') ? 'DOCKER-USER' : 'FORWARD'
}

/** How many rules of a gateway are in a chain, before anything that drops by itself. */
export const acceptsIn = (dev: string, saved: string, chain: string): number =>
  rulesOf(saved).filter(
    ({ table, rule }) => table === 'filter' && rule.startsWith(`-A ${chain} `) && isOurs(dev, rule),
  ).length

/** How many rules of a gateway are in a table. */
export const countIn = (dev: string, saved: string, wanted: string): number =>
  rulesOf(saved).filter(({ table, rule }) => table === wanted && isOurs(dev, rule)).length

/** A rule without a condition drops or rejects, in the chain or in one that everything goes through. */
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

const partOf = (saved: string, table: string): string =>
  saved.split(/^(?=\*)/m).find((part) => part.startsWith(`*${table}\n`)) ?? ''

const commented = (dev: string): string => `-m comment --comment "${gatewayComment(dev)}"`

const isOurs = (dev: string, rule: string): boolean => rule.includes(` --comment "${gatewayComment(dev)}" `)

/** Networks of one family. */
export const ofFamily = (networks: readonly string[], family: Family): string[] =>
  networks.filter((network) => network.includes(':') === (family === 6))
