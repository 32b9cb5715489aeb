// SPDX-License-Identifier: MIT
import type { Family } from '@wgq/model/ip'
import { fieldsOf, given } from './listed-rule.ts'
import { type FilterRule, familyOf, icmp6Types, type JumpChain, type JumpTable } from './rule.ts'

/** A rule as `iptables-save` lists it, without its chain; `accept` is the target that accepts there. */
export const iptablesRule = (rule: FilterRule, accept: 'ACCEPT' | 'RETURN'): string =>
  [
    rule.from && `-s ${rule.from}`,
    rule.to && `-d ${rule.to}`,
    rule.in && `-i ${rule.in}`,
    rule.out && `-o ${rule.out}`,
    rule.notOut && `! -o ${rule.notOut}`,
    rule.protocol && `-p ${rule.protocol}`,
    rule.port && `-m ${rule.protocol}`,
    rule.sourcePort && `--sport ${rule.sourcePort}`,
    rule.port && `--dport ${rule.port}`,
    rule.icmp6?.[0] && `-p ipv6-icmp -m icmp6 --icmpv6-type ${icmp6Types[rule.icmp6[0]][0]}`,
    rule.syn && '-p tcp -m tcp --tcp-flags SYN,RST SYN',
    rule.mark !== undefined && `-m mark --mark ${hex(rule.mark)}`,
    rule.user !== undefined && `-m owner --uid-owner ${rule.user}`,
    rule.connection && `-m conntrack ${connections[rule.connection]}`,
    rule.connectionMark !== undefined && `-m connmark --mark ${hex(rule.connectionMark)}`,
    rule.toLocal && '-m addrtype --dst-type LOCAL',
    rule.comment && `-m comment --comment "${rule.comment}"`,
    `-j ${spell(rule.verdict, accept)}`,
  ]
    .filter(Boolean)
    .join(' ')

const connections = {
  new: '--ctstate NEW',
  reply: '--ctdir REPLY',
  answer: '--ctstate RELATED,ESTABLISHED',
} as const

const spell = (verdict: FilterRule['verdict'], accept: 'ACCEPT' | 'RETURN'): string => {
  if (verdict === 'accept') return accept
  if (verdict === 'clamp') return 'TCPMSS --clamp-mss-to-pmtu'
  if (typeof verdict === 'string') return verdict.toUpperCase()
  return 'setMark' in verdict
    ? `MARK --set-xmark ${hex(verdict.setMark)}/0xffffffff`
    : `CONNMARK --set-xmark ${hex(verdict.setConnectionMark)}/0xffffffff`
}

const hex = (mark: number): string => `0x${mark.toString(16)}`

/** Parses the output of {@link iptablesRule} as far as it distinguishes states (see readRule in nft.ts). */
const readRule = (text: string): FilterRule => {
  const { word, number } = fieldsOf(text)
  return given({
    out: word(/^-o (\S+)/),
    protocol: word(/-p (udp|tcp) /),
    port: number(/--dport (\d+)/),
    to: word(/^-d (\S+)/),
    user: number(/--uid-owner (\d+)/),
    mark: number(/-m mark --mark (\S+)/),
    connection: text.includes('--ctdir REPLY') ? 'reply' : undefined,
    connectionMark: number(/-m connmark --mark (\S+)/),
    toLocal: text.includes('--dst-type LOCAL') || undefined,
    verdict: /-j (?:RETURN|DROP)$/.exec(text)?.[0].slice('-j '.length).toLowerCase() ?? { setMark: 0 },
  })
}

/** The batch that replaces an older version of chains in one step; `saved` is the current listing. */
export const setChains = ({ within, chains }: JumpTable, family: Family, saved: string): string => {
  const there = linesOf(saved, within)
  return [
    `*${within}`,
    // Without flushing (-n), such a line empties the chain.
    ...chains.map(({ own }) => `:${own} - [0:0]`),
    ...chains.flatMap((chain) => rulesOf(chain, family).map((rule) => `-A ${chain.own} ${rule}`)),
    ...chains.filter((chain) => isBypassed(chain, there)).map((chain) => jump(chain).replace('-A', '-D')),
    ...chains
      .filter((chain) => !there.includes(jump(chain)) || isBypassed(chain, there))
      .map((chain) => (chain.policy === 'drop' ? jump(chain).replace('-A', '-I') : jump(chain))),
    'COMMIT',
    '',
  ].join('\n')
}

/** The batch that deletes chains; undefined if there are none. */
export const unsetChains = ({ within, chains }: JumpTable, saved: string): string | undefined => {
  const there = linesOf(saved, within)
  const own = chains.filter((chain) => there.some((line) => line.startsWith(`:${chain.own} `)))
  if (own.length === 0) return undefined
  const jumps = there.filter((line) => chains.some((chain) => line === jump(chain)))
  return [
    `*${within}`,
    ...jumps.map((line) => line.replace('-A', '-D')),
    ...own.flatMap((chain) => [`-F ${chain.own}`, `-X ${chain.own}`]),
    'COMMIT',
    '',
  ].join('\n')
}

/** The rules of chains in the output of `iptables-save`, by hook. */
export const savedChains = (
  { within, chains }: JumpTable,
  saved: string,
): ReadonlyMap<string, readonly FilterRule[]> => {
  const there = linesOf(saved, within)
  return new Map(chains.map((chain) => [chain.hook, rulesIn(chain, there).map(readRule)]))
}

/** Says whether `iptables-save` lists what {@link setChains} writes, including the jump to each chain. */
export const isSaved = ({ within, chains }: JumpTable, family: Family, saved: string): boolean => {
  const there = linesOf(saved, within)
  return chains.every(
    (chain) =>
      rulesIn(chain, there).join('\n') === rulesOf(chain, family).join('\n') &&
      there.includes(jump(chain)) &&
      !isBypassed(chain, there),
  )
}

/**
 * Says whether rules that others put before the jump of a dropping output chain may accept packets first. The forward
 * chain is shared with our own accepting rules, and is not looked at.
 */
const isBypassed = (chain: JumpChain, lines: readonly string[]): boolean => {
  if (chain.policy !== 'drop' || chain.hook !== 'output') return false
  const at = lines.indexOf(jump(chain))
  return lines
    .slice(0, Math.max(at, 0))
    .some((line) => /^-A OUTPUT .*-[jg] (?!wgq-|DROP|REJECT|LOG|NFLOG)/.test(line))
}

const rulesOf = ({ rules, policy }: JumpChain, family: Family): string[] => [
  ...rules
    .filter((rule) => (familyOf(rule) ?? family) === family)
    .flatMap((rule) => (rule.icmp6 ? byType(rule, rule.icmp6) : [rule]))
    .map((rule) => iptablesRule(rule, 'RETURN')),
  ...(policy === 'drop' ? ['-j DROP'] : []),
]

/** One rule per type, ordered by number. */
const byType = (rule: FilterRule, types: NonNullable<FilterRule['icmp6']>): FilterRule[] =>
  [...types].sort((a, b) => icmp6Types[a][0] - icmp6Types[b][0]).map((type) => ({ ...rule, icmp6: [type] }))

const rulesIn = ({ own }: JumpChain, lines: readonly string[]): string[] =>
  lines.flatMap((line) => (line.startsWith(`-A ${own} `) ? [line.slice(`-A ${own} `.length)] : []))

const jump = ({ hook, own }: JumpChain): string => `-A ${hook.toUpperCase()} -j ${own}`

/** The lines of one table in the output of `iptables-save`: other tables may have identical lines. */
export const linesOf = (saved: string, table: string): string[] =>
  (saved.split(/^(?=\*)/m).find((part) => part.startsWith(`*${table}\n`)) ?? '').split('\n')
