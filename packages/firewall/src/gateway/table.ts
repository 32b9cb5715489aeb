// SPDX-License-Identifier: MIT
import type { FilterRule, FilterTable } from '../rule.ts'
import { tableName } from '../table-name.ts'
import type { GatewayWanted } from './wanted.ts'

/** The table of a gateway, `FAMILY NAME`. */
export const gatewayTableName = (dev: string): string => `inet ${tableName('wgq-nat-', dev)}`

/** Masquerading and TCP segment size. Accept rules are in the foreign chains that drop. */
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
 * The same for iptables, in its own chains, by table and chain: masquerades the tunnel's networks, because the incoming
 * interface is unknown in POSTROUTING.
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

/** The accept rules, in their order at the top of a dropping chain. */
export const acceptRules = (dev: string, { inward }: GatewayWanted): readonly FilterRule[] => {
  const comment = gatewayComment(dev)
  return [
    { in: dev, comment, verdict: 'accept' },
    { out: dev, ...(inward ? {} : ({ connection: 'answer' } as const)), comment, verdict: 'accept' },
  ]
}

/** The comment that identifies rules of a gateway. */
export const gatewayComment = (dev: string): string => `wgq ${dev}`

const leaving = (dev: string, masquerade: string): Pick<FilterRule, 'out' | 'notOut'> =>
  masquerade === 'auto' ? { notOut: dev } : { out: masquerade }
