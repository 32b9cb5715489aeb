// SPDX-License-Identifier: MIT
import { exceptionRules, exceptionsIn } from '../exceptions/rules.ts'
import type { OwnTable } from '../own-table.ts'
import type { FilterRule } from '../rule.ts'
import type { KillSwitchState } from '../state.ts'
import { tableName } from '../table-name.ts'

/**
 * The table of a kill switch, which blocks all packets that this machine sends or forwards outside the tunnel. It is
 * separate from the table of the default route, which upstream's `down` removes.
 */
export const killSwitchTable: OwnTable<KillSwitchState> = {
  tableOf: (dev, state = { mark: 0, resolvers: [] }) => ({
    name: `inet ${tableName('wgq-kill-', dev)}`,
    within: 'filter',
    chains: [
      { ...drops, hook: 'output', own: `wgq-kill-${dev}`, rules: outputRules(dev, state) },
      { ...drops, hook: 'forward', own: `wgq-pass-${dev}`, rules: forwardRules(dev, state) },
    ],
  }),
  read: (dev, rules) => {
    const output = rules.get('output') ?? []
    const [mark = 0, alsoMark] = output.flatMap((rule) => rule.mark ?? [])
    const resolvers = output
      .filter(({ protocol, port, user }) => protocol === 'udp' && port === 53 && user === 0)
      .map(({ to = '' }) => to.replace(/\/.*/, ''))
    const allow = exceptionsIn(output.filter(({ out }) => out !== 'lo' && out !== dev))
    return {
      mark,
      ...(alsoMark === undefined ? {} : { alsoMark }),
      resolvers,
      ...(allow.length > 0 ? { allow } : {}),
    }
  },
  merge: (ipv4, ipv6) => {
    if (ipv6.mark !== ipv4.mark || ipv6.alsoMark !== ipv4.alsoMark) return undefined
    const { allow: allow4 = [], ...rest } = ipv4
    const { allow: allow6 = [] } = ipv6
    // Each family lists its own networks.
    const others = allow4.filter((token) => !isNetwork(token))
    if (others.join() !== allow6.filter((token) => !isNetwork(token)).join()) return undefined
    const allow = [...allow4.filter(isNetwork), ...allow6.filter(isNetwork), ...others]
    const resolvers = [...ipv4.resolvers, ...ipv6.resolvers]
    return { ...rest, resolvers, ...(allow.length > 0 ? { allow } : {}) }
  },
}

const drops = { type: 'filter', priority: 0, policy: 'drop' } as const

/**
 * Rules for what passes outside the tunnel: loopback, encrypted packets by their mark alone (peers roam), protocols
 * that keep the link below alive (DHCP, DHCPv6 and neighbour discovery), and root's queries to the given name servers.
 */
const outputRules = (
  dev: string,
  { mark, alsoMark = 0, resolvers, allow = [] }: KillSwitchState,
): FilterRule[] => [
  { out: 'lo', verdict: 'accept' },
  { out: dev, verdict: 'accept' },
  ...[mark, alsoMark]
    .filter((one) => one !== 0)
    .map((one): FilterRule => ({ protocol: 'udp', mark: one, verdict: 'accept' })),
  { family: 4, protocol: 'udp', sourcePort: 68, port: 67, verdict: 'accept' },
  { family: 6, protocol: 'udp', sourcePort: 546, port: 547, verdict: 'accept' },
  { icmp6: ['neighborSolicitation', 'neighborAdvertisement', 'routerSolicitation'], verdict: 'accept' },
  ...resolvers.flatMap((server) => {
    const to = `${server}/${server.includes(':') ? 128 : 32}`
    return (['udp', 'tcp'] as const).map(
      (protocol): FilterRule => ({ to, protocol, port: 53, user: 0, verdict: 'accept' }),
    )
  }),
  ...exceptionRules(allow, mark),
]

const forwardRules = (dev: string, { mark, allow = [] }: KillSwitchState): FilterRule[] => [
  { out: dev, verdict: 'accept' },
  { in: dev, verdict: 'accept' },
  // Forwarded packets have no user.
  ...exceptionRules(
    allow.filter((token) => !token.startsWith('uid ')),
    mark,
  ),
]

const isNetwork = (token: string): boolean => token.includes('/')
