// SPDX-License-Identifier: MIT
import type { Family } from '@wgq/model/ip'

/** A rule of a packet filter: what a packet has to be, all of it at once, and what happens to it then. */
export interface FilterRule {
  /** Of both unless another condition is of one alone ({@link familyOf}). */
  readonly family?: Family
  /** The interface that it came in by. */
  readonly in?: string
  /** The interface that it leaves by. */
  readonly out?: string
  readonly notOut?: string
  /** `ADDRESS/LENGTH` */
  readonly from?: string
  /** `ADDRESS/LENGTH` */
  readonly to?: string
  readonly protocol?: 'udp' | 'tcp'
  readonly sourcePort?: number
  readonly port?: number
  /** Types of ICMPv6, of which it has one. */
  readonly icmp6?: readonly (keyof typeof icmp6Types)[]
  /** It opens a connection of TCP. */
  readonly syn?: true
  /** Number of the user whose program sends it. */
  readonly user?: number
  readonly mark?: number
  /** The first of a connection; against the direction of the first; not the first, or about a connection. */
  readonly connection?: 'new' | 'reply' | 'answer'
  readonly connectionMark?: number
  /** To an address of this machine. */
  readonly toLocal?: true
  /** By which the rule is found again among those of others. */
  readonly comment?: string
  /** In a chain of ours `accept` and `return` are the same where iptables jumps to it. */
  readonly verdict:
    | 'accept'
    | 'return'
    | 'drop'
    | 'masquerade'
    /** A segment of TCP is announced no larger than the path carries. */
    | 'clamp'
    | { readonly setMark: number }
    | { readonly setConnectionMark: number }
}

/** ICMPv6 types that are spoken of: number and the word of nft. */
export const icmp6Types = {
  neighborSolicitation: [135, 'nd-neighbor-solicit'],
  neighborAdvertisement: [136, 'nd-neighbor-advert'],
  routerSolicitation: [133, 'nd-router-solicit'],
} as const

/** A chain: which packets go through it, when, and what becomes of those that no rule decides about. */
export interface FilterChain {
  readonly hook: 'prerouting' | 'output' | 'forward' | 'postrouting'
  readonly type: 'filter' | 'route' | 'nat'
  readonly priority: number
  readonly policy: 'accept' | 'drop'
  readonly rules: readonly FilterRule[]
}

/** A table of nf_tables that is ours alone; each chain is called as its hook. */
export interface FilterTable {
  /** `FAMILY NAME` */
  readonly name: string
  readonly chains: readonly FilterChain[]
}

/** What is a table of nf_tables can be chains in a table of iptables as well, to which its own chains jump. */
export interface JumpTable extends FilterTable {
  readonly within: 'filter' | 'mangle'
  readonly chains: readonly JumpChain[]
}

/** A chain of a {@link JumpTable}. */
export interface JumpChain extends FilterChain {
  /** Its name for iptables, which allows 28 characters. */
  readonly own: string
}

/** The family whose packets alone a rule can meet; undefined where it can be both. */
export const familyOf = ({ family, from, to, icmp6 }: FilterRule): Family | undefined => {
  const network = from ?? to
  if (network !== undefined) return network.includes(':') ? 6 : 4
  return icmp6 === undefined ? family : 6
}
