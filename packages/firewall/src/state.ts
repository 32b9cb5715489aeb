// SPDX-License-Identifier: MIT
import type { Family } from '@wgq/model/ip'

/** The firewall of a default route: default-route/. Families in ascending order. */
export interface FirewallState {
  readonly tool: 'nft' | 'iptables'
  readonly families: readonly FirewallFamily[]
}

/** One family of a {@link FirewallState}. */
export interface FirewallFamily {
  readonly family: Family
  /** The mark saved to and restored from connections. */
  readonly mark: number
  /** Addresses of the tunnel that cannot be reached from outside it; in order. */
  readonly addresses: readonly string[]
}

/** What a kill switch lets pass outside the tunnel: kill-switch/. */
export interface KillSwitchState {
  /** The mark of encrypted packets; 0 if the tunnel sends none from here (a namespace of its own). */
  readonly mark: number
  /** The other mark of encrypted packets while the device's mark changes. */
  readonly alsoMark?: number
  /** Name servers that root may query outside the tunnel while endpoint names are resolved. */
  readonly resolvers: readonly string[]
  /** As {@link Exceptions.allow}; absent if there are none. */
  readonly allow?: readonly string[]
}

/** Connections that stay outside a full tunnel because of how they started: exceptions/. */
export interface AsideState {
  /** The mark of their packets, the same as that of encrypted ones. */
  readonly mark: number
  /** `uid NUMBER` and `replies` of {@link Exceptions.allow}. */
  readonly allow: readonly string[]
}

/** The firewall language and how a batch in it is written. */
export interface FirewallWriter {
  readonly tool: (family: Family) => 'nft' | 'iptables-restore' | 'ip6tables-restore'
  readonly write: (input: FirewallInput) => string
}

/** The input of a firewall batch. */
export interface FirewallInput {
  readonly dev: string
  readonly family: Family
  readonly mark: number
  readonly addresses: readonly string[]
}
