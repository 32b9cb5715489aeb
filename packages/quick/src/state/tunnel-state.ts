// SPDX-License-Identifier: MIT
import type { Cidr } from '@wgq/model/cidr'
import type { Device, DeviceChange } from '@wgq/model/device'
import type { Family } from '@wgq/model/ip'
import type { Rule } from '@wgq/model/operation'
import type { Floor } from './floors.ts'
import type { RulePlace } from './rule-place.ts'

/**
 * Everything on a machine that belongs to one tunnel, in one normal form: read from the machine (seen.ts) or worked out
 * from the file (wanted.ts). Of addresses, routes and rules only the tunnel's own are in it.
 */
export interface TunnelState {
  readonly link: TunnelLink
  /** As it runs; of a file what it asks for, where an absent value stays as it is. */
  readonly device: Device | DeviceChange
  /** Peers that run and are not in `device` stay: `SaveConfig = true` writes them into the file later. */
  readonly keepsPeers?: true
  /** IPv4 in the order of the system, whose first one packets leave with; then IPv6. */
  readonly addresses: readonly Cidr[]
  readonly routes: readonly TunnelRoute[]
  /** Pairs of default routes, and what exceptions look up in the main table before. */
  readonly rules: readonly Rule[]
  /** Where the rules of a default route belong; absent where any place will do. */
  readonly rulePlaces?: Readonly<Partial<Record<Family, RulePlace>>>
  /** Under the tables of default routes; with a kill switch for as long as the tunnel is up. */
  readonly floors?: readonly Floor[]
  readonly firewall?: FirewallState
  readonly killSwitch?: KillSwitchState
  readonly aside?: AsideState
  readonly dns?: DnsState
  /** Name servers stay as they are: this machine did not take those of the file. */
  readonly leavesDns?: boolean
  /** Values by key, of those that the tunnel needs. */
  readonly sysctls: Readonly<Record<string, string>>
}

/** The interface itself. */
interface TunnelLink {
  readonly up: boolean
  readonly mtu: number
}

/** A route through the interface. */
export interface TunnelRoute {
  readonly dst: Cidr
  /** A number, also for `main` (254 on Linux, 0 on the BSDs). */
  readonly table: number
  /** As listed; absent in what a file asks for. */
  readonly metric?: number
  /** RTPROT_ number as listed. */
  readonly protocol?: number
}

/** What a firewall of a default route does: firewall/. Families in ascending order. */
export interface FirewallState {
  readonly tool: 'nft' | 'iptables'
  readonly families: readonly FirewallFamily[]
}

/** One family of a {@link FirewallState}. */
export interface FirewallFamily {
  readonly family: Family
  /** The mark that is saved to and restored from connections. */
  readonly mark: number
  /** Addresses of the tunnel that nobody may reach from outside of it; in order. */
  readonly addresses: readonly string[]
}

/** What a kill switch lets pass outside the tunnel: kill-switch/. */
export interface KillSwitchState {
  /** The mark of encrypted packets; 0 where no packet of the tunnel leaves from here (a namespace of its own). */
  readonly mark: number
  /** The other mark of encrypted packets while the device's mark changes. */
  readonly alsoMark?: number
  /** Name servers that root may ask outside the tunnel: while names of endpoints are looked up. */
  readonly resolvers: readonly string[]
  /** As {@link Exceptions.allow}; absent where there are none. */
  readonly allow?: readonly string[]
}

/** Connections that stay outside of a full tunnel because of how they began: exceptions/. */
export interface AsideState {
  /** The mark of their packets, which is that of encrypted ones. */
  readonly mark: number
  /** `uid NUMBER` and `replies` of {@link Exceptions.allow}. */
  readonly allow: readonly string[]
}

/** Name servers as given to their manager: dns/. */
export interface DnsState {
  /** As operations name it: `resolvconf:PREFIX`, `resolvectl`, `file:PATH`, `resolvd`. */
  readonly manager: string
  readonly servers: readonly string[]
  readonly search: readonly string[]
}
