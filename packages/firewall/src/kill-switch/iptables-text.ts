// SPDX-License-Identifier: MIT
import type { Family } from '@wgq/model/ip'
import { lanNetworks, namePorts } from '../exceptions/lan.ts'
import type { KillSwitchState } from '../state.ts'
import { listedKillSwitch } from './listed.ts'

const hooks = ['OUTPUT', 'FORWARD'] as const
type Hook = (typeof hooks)[number]

/** The chain that a hook jumps to: 24 characters at most, of the 28 that iptables allows. */
const chainOf = (hook: Hook, dev: string): string => `${hook === 'OUTPUT' ? 'wgq-kill' : 'wgq-pass'}-${dev}`

/** The same as the nft rules, spelled as `iptables-save` lists them. */
const rulesOf = (hook: Hook, dev: string, family: Family, state: KillSwitchState): string[] =>
  hook === 'OUTPUT'
    ? ['-o lo -j RETURN', `-o ${dev} -j RETURN`, ...outputRules(family, state), '-j DROP']
    : [
        `-o ${dev} -j RETURN`,
        `-i ${dev} -j RETURN`,
        // What is forwarded belongs to no user.
        ...exceptions(
          family,
          state.mark,
          (state.allow ?? []).filter((token) => !token.startsWith('uid ')),
        ),
        '-j DROP',
      ]

const outputRules = (
  family: Family,
  { mark, alsoMark = 0, resolvers, allow = [] }: KillSwitchState,
): string[] => {
  const own = resolvers.filter((server) => server.includes(':') === (family === 6))
  return [
    ...[mark, alsoMark]
      .filter((one) => one !== 0)
      .map((one) => `-p udp -m mark --mark 0x${one.toString(16)} -j RETURN`),
    ...(family === 4
      ? ['-p udp -m udp --sport 68 --dport 67 -j RETURN']
      : [
          '-p udp -m udp --sport 546 --dport 547 -j RETURN',
          ...[133, 135, 136].map((type) => `-p ipv6-icmp -m icmp6 --icmpv6-type ${type} -j RETURN`),
        ]),
    ...own.flatMap((server) =>
      ['udp', 'tcp'].map(
        (protocol) =>
          `-d ${server}/${family === 4 ? 32 : 128} -p ${protocol} -m ${protocol} --dport 53 -m owner --uid-owner 0 -j RETURN`,
      ),
    ),
    ...exceptions(family, mark, allow),
  ]
}

const exceptions = (family: Family, mark: number, allow: readonly string[]): string[] =>
  allow.flatMap((token) => {
    const [kind, value = ''] = token.split(' ')
    if (kind === 'dev') return [`-o ${value} -j RETURN`]
    if (kind === 'uid') return [`-m owner --uid-owner ${value} -j RETURN`]
    if (kind === 'replies')
      return [`-m conntrack --ctdir REPLY -m connmark --mark 0x${mark.toString(16)} -j RETURN`]
    if (kind !== 'lan') return token.includes(':') === (family === 6) ? [`-d ${token} -j RETURN`] : []
    return [
      ...namePorts.flatMap((port) =>
        ['udp', 'tcp'].map((protocol) => `-p ${protocol} -m ${protocol} --dport ${port} -j DROP`),
      ),
      ...lanNetworks[family].map((network) => `-d ${network} -j RETURN`),
    ]
  })

/** The exceptions that listed rules stand for, in their order. */
const exceptionsIn = (dev: string, rules: readonly string[]): string[] => {
  const lan = rules.indexOf(`-p udp -m udp --dport ${namePorts[0]} -j DROP`)
  const named = rules.slice(0, lan < 0 ? undefined : lan).flatMap((rule) => {
    const [, out] = /^-o (\S+) -j RETURN$/.exec(rule) ?? []
    if (out !== undefined) return out === 'lo' || out === dev ? [] : [`dev ${out}`]
    const [, user] = /^-m owner --uid-owner (\d+) -j RETURN$/.exec(rule) ?? []
    if (user !== undefined) return [`uid ${user}`]
    if (rule.startsWith('-m conntrack --ctdir REPLY ')) return ['replies']
    return /^-d (\S+) -j RETURN$/.exec(rule)?.[1] ?? []
  })
  return lan < 0 ? named : [...named, 'lan']
}

/**
 * The `iptables-restore -n` batch that puts a kill switch in place of an older version of itself, in one step; `saved` is
 * what iptables-save lists now.
 */
export const writeIptablesKillSwitch = (
  dev: string,
  family: Family,
  state: KillSwitchState,
  saved: string,
): string => {
  const jumps = hooks.filter((hook) => !jumpsOf(dev, saved).includes(jump(hook, dev)))
  return [
    '*filter',
    // Without flushing (-n) such a line empties the chain.
    ...hooks.map((hook) => `:${chainOf(hook, dev)} - [0:0]`),
    ...hooks.flatMap((hook) =>
      rulesOf(hook, dev, family, state).map((rule) => `-A ${chainOf(hook, dev)} ${rule}`),
    ),
    ...jumps.map((hook) => jump(hook, dev).replace('-A', '-I')),
    'COMMIT',
    '',
  ].join('\n')
}

/** The batch that takes a kill switch away; undefined where there is none. */
export const removeIptablesKillSwitch = (dev: string, saved: string): string | undefined => {
  const lines = saved.split('\n')
  const chains = hooks
    .map((hook) => chainOf(hook, dev))
    .filter((chain) => lines.some((line) => line.startsWith(`:${chain} `)))
  if (chains.length === 0) return undefined
  const removed = jumpsOf(dev, saved).map((line) => line.replace('-A', '-D'))
  return [
    '*filter',
    ...removed,
    ...chains.flatMap((chain) => [`-F ${chain}`, `-X ${chain}`]),
    'COMMIT',
    '',
  ].join('\n')
}

/** Reads `iptables-save` of one family; undefined where a chain is not there, not reached or not complete. */
export const readIptablesKillSwitch = (
  dev: string,
  family: Family,
  saved: string,
): KillSwitchState | undefined => {
  const lines = saved.split('\n')
  const rules = (hook: Hook): string[] => {
    const start = `-A ${chainOf(hook, dev)} `
    return lines.flatMap((line) => (line.startsWith(start) ? [line.slice(start.length)] : []))
  }
  const output = rules('OUTPUT')
  const marks = output.flatMap((rule) => /^-p udp -m mark --mark (0x[0-9a-f]+)/.exec(rule)?.[1] ?? [])
  const resolvers = output.flatMap((rule) => /^-d ([^/]+)\/\d+ -p udp .*--dport 53/.exec(rule)?.[1] ?? [])
  const state = listedKillSwitch(marks, resolvers, exceptionsIn(dev, output))
  const whole = hooks.every((hook) => rules(hook).join('\n') === rulesOf(hook, dev, family, state).join('\n'))
  return whole && jumpsOf(dev, saved).length === hooks.length ? state : undefined
}

const jump = (hook: Hook, dev: string): string => `-A ${hook} -j ${chainOf(hook, dev)}`

const jumpsOf = (dev: string, saved: string): string[] =>
  saved.split('\n').filter((line) => hooks.some((hook) => line === jump(hook, dev)))
