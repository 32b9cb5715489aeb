// SPDX-License-Identifier: MIT
import type { FilterRule, FilterTable } from '../rule.ts'
import { tableName } from '../table-name.ts'
import type { GatewayWanted } from './wanted.ts'

/** The table of a gateway, `FAMILY NAME`. */
export const gatewayTableName = (dev: string): string => `inet ${tableName('wgq-nat-', dev)}`

/** Masquerading, and the size of TCP segments. What is accepted is in the chains that drop. */
export const gatewayTable = (dev: string, { masquerade }: GatewayWanted): FilterTable => ({
  name: gatewayTableName(dev),
  chains: [
    ...(masquerade === undefined
      ? []
      : ([
          {
            type: 'nat',
            hook: 'postrouting',
            priority: 100,
            policy: 'accept',
            rules: [{ in: dev, ...leaving(dev, masquerade), verdict: 'masquerade' }],
          },
        ] as const)),
    {
      type: 'filter',
      hook: 'forward',
      priority: -150,
      policy: 'accept',
      rules: [
        { in: dev, syn: true, verdict: 'clamp' },
        { out: dev, syn: true, verdict: 'clamp' },
      ],
    },
  ],
})

/**
 * The same for iptables, in chains of others, by table and chain: masquerading is of the tunnel's own networks, because
 * where it came in is not known there any more.
 */
export const gatewayRules = (
  dev: string,
  wanted: GatewayWanted,
  networks: readonly string[],
): ReadonlyMap<'nat' | 'mangle', { readonly chain: string; readonly rules: readonly FilterRule[] }> => {
  const { masquerade } = wanted
  const comment = gatewayComment(dev)
  const nat = networks.map(
    (from): FilterRule => ({ from, ...leaving(dev, masquerade ?? ''), comment, verdict: 'masquerade' }),
  )
  const clamp = { syn: true, comment, verdict: 'clamp' } as const
  return new Map([
    ['nat', { chain: 'POSTROUTING', rules: masquerade === undefined ? [] : nat }],
    [
      'mangle',
      {
        chain: 'FORWARD',
        rules: [
          { in: dev, ...clamp },
          { out: dev, ...clamp },
        ],
      },
    ],
  ])
}

/** The rules that accept, in the order in which they are at the top of a chain that drops. */
export const acceptRules = (dev: string, { inward }: GatewayWanted): readonly FilterRule[] => {
  const comment = gatewayComment(dev)
  return [
    { in: dev, comment, verdict: 'accept' },
    { out: dev, ...(inward ? {} : ({ connection: 'answer' } as const)), comment, verdict: 'accept' },
  ]
}

/** The comment by which rules of a gateway are found again. */
export const gatewayComment = (dev: string): string => `wgq ${dev}`

const leaving = (dev: string, masquerade: string): Pick<FilterRule, 'out' | 'notOut'> =>
  masquerade === 'auto' ? { notOut: dev } : { out: masquerade }
