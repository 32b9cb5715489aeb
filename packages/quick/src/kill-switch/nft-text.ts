// SPDX-License-Identifier: MIT
import type { Endpoint } from '@wgq/model/endpoint'

/**
 * The table of a kill switch; it does not share the table of the default route, which upstream's `down` removes. nft takes
 * neither `=` nor `+` in names: they stand as `_3d` and `_2b`.
 */
export const killSwitchTable = (dev: string): string =>
  `inet wgq-kill-${dev.replace(/[=+]/g, (char) => `_${char.charCodeAt(0).toString(16)}`)}`

/** What may pass beside the tunnel. */
export interface KillSwitchInput {
  readonly dev: string
  /** Where the peers are: encrypted packets may go there. */
  readonly endpoints: readonly Endpoint[]
  /** The mark of encrypted packets; 0 while none is set. */
  readonly mark: number
}

/**
 * One nft transaction that blocks everything this machine sends or forwards outside of the tunnel, replacing an older
 * version of itself without a gap. Allowed besides: loopback, encrypted packets (by mark, and by the peers' addresses), and
 * what keeps the link below alive: DHCP, DHCPv6 and neighbour discovery.
 */
export const writeKillSwitch = ({ dev, endpoints, mark }: KillSwitchInput): string => {
  const table = killSwitchTable(dev)
  const rule = (chain: string, text: string) => `add rule ${table} ${chain} ${text}`
  const lines = [
    // Adding first makes the deletion succeed whether there was one or not.
    `add table ${table}`,
    `delete table ${table}`,
    `add table ${table}`,
    `add chain ${table} output { type filter hook output priority 0; policy drop; }`,
    `add chain ${table} forward { type filter hook forward priority 0; policy drop; }`,
    rule('output', 'oifname "lo" accept'),
    rule('output', `oifname "${dev}" accept`),
    ...(mark === 0 ? [] : [rule('output', `meta l4proto udp meta mark ${mark} accept`)]),
    ...endpoints.map(({ family, address, port }) =>
      rule('output', `${family === 4 ? 'ip' : 'ip6'} daddr ${address} udp dport ${port} accept`),
    ),
    rule('output', 'meta nfproto ipv4 udp sport 68 udp dport 67 accept'),
    rule('output', 'meta nfproto ipv6 udp sport 546 udp dport 547 accept'),
    rule('output', 'icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept'),
    rule('forward', `oifname "${dev}" accept`),
    rule('forward', `iifname "${dev}" accept`),
  ]
  return `${lines.join('\n')}\n`
}

/** The transaction that takes a kill switch away, also where there is none. */
export const removeKillSwitch = (dev: string): string => {
  const table = killSwitchTable(dev)
  return `add table ${table}\ndelete table ${table}\n`
}
