// SPDX-License-Identifier: MIT
import type { DnsState } from '@wgq/dns/state'
import type { AsideState, FirewallState, KillSwitchState } from '@wgq/firewall/state'
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
