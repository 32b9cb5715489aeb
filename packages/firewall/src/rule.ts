// SPDX-License-Identifier: MIT
import type { Family } from '@wgq/model/ip'

/** A rule of a packet filter: conditions, all of which a packet must meet, and the verdict. */
export interface FilterRule {
  /** Both families if absent, unless another condition implies one ({@link familyOf}). */
  readonly family?: Family
  /** The incoming interface. */
  readonly in?: string
  /** The outgoing interface. */
  readonly out?: string
  readonly notOut?: string
  /** `ADDRESS/LENGTH` */
  readonly from?: string
  /** `ADDRESS/LENGTH` */
  readonly to?: string
  readonly protocol?: 'udp' | 'tcp'
  readonly sourcePort?: number
  readonly port?: number
  /** Types of ICMPv6, one of which must match. */
  readonly icmp6?: readonly (keyof typeof icmp6Types)[]
  /** It opens a TCP connection. */
  readonly syn?: true
  /** Number of the user whose program sends the packet. */
  readonly user?: number
  readonly mark?: number
  /** First packet of a connection; against the direction of the first; later packet, or related to a connection. */
  readonly connection?: 'new' | 'reply' | 'answer'
  readonly connectionMark?: number
  /** The destination is an address of this machine. */
  readonly toLocal?: true
  /** Identifies the rule among those of others. */
  readonly comment?: string
  /** In our own chains `accept` and `return` are the same if iptables jumps to them. */
  readonly verdict:
    | 'accept'
    | 'return'
    | 'drop'
    | 'masquerade'
    /** Limits the announced TCP segment size to what the path carries. */
    | 'clamp'
    | { readonly setMark: number }
    | { readonly setConnectionMark: number }
}

/** The ICMPv6 types in use: number and nft keyword. */
export const icmp6Types = {
  neighborSolicitation: [135, 'nd-neighbor-solicit'],
  neighborAdvertisement: [136, 'nd-neighbor-advert'],
  routerSolicitation: [133, 'nd-router-solicit'],
} as const

/** A chain: which packets pass it, when, and the policy for those that no rule matches. */
export interface FilterChain {
  readonly hook: 'prerouting' | 'output' | 'forward' | 'postrouting'
  readonly type: 'filter' | 'route' | 'nat'
  readonly priority: number
  readonly policy: 'accept' | 'drop'
  readonly rules: readonly FilterRule[]
}

/** A table of nf_tables that only wgq uses; each chain is named after its hook. */
export interface FilterTable {
  /** `FAMILY NAME` */
  readonly name: string
  readonly chains: readonly FilterChain[]
}

/** A table of nf_tables that can also be written as chains of an iptables table, whose own chains jump to them. */
export interface JumpTable extends FilterTable {
  readonly within: 'filter' | 'mangle'
  readonly chains: readonly JumpChain[]
}

/** A chain of a {@link JumpTable}. */
export interface JumpChain extends FilterChain {
  /** Its name for iptables, which allows 28 characters. */
  readonly own: string
}

/** The only family that a rule can match; undefined if it can match both. */
export const familyOf = ({ family, from, to, icmp6 }: FilterRule): Family | undefined => {
  const network = from ?? to
  if (network !== undefined) return network.includes(':') ? 6 : 4
  return icmp6 === undefined ? family : 6
}
