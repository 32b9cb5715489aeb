// SPDX-License-Identifier: MIT
import type { DnsState } from '@wgq/dns/state'
import type { AsideState, FirewallState, KillSwitchState } from '@wgq/firewall/state'
import type { Cidr } from '@wgq/model/cidr'
import type { Device, DeviceChange } from '@wgq/model/device'
import type { Family } from '@wgq/model/ip'
import type { Key } from '@wgq/model/key'
import type { Rule } from '@wgq/model/operation'
import type { Floor } from './floors.ts'
import type { RulePlace } from './rule-place.ts'

/**
 * Everything on a machine that belongs to one tunnel, in one normal form: read from the machine (seen.ts) or computed
 * from the file (wanted.ts). Contains only the tunnel's own addresses, routes and rules.
 */
export interface TunnelState {
  readonly link: TunnelLink
  /** The running device, or what a file sets; absent values then stay unchanged. */
  readonly device: Device | DeviceChange
  /** Running peers that are not in `device` and stay. */
  readonly keptPeers?: readonly Key[]
  /** IPv4 in the order of the system, whose first one is the source of packets; then IPv6. */
  readonly addresses: readonly Cidr[]
  readonly routes: readonly TunnelRoute[]
  /** Pairs of default routes, and the rules of exceptions, which look up the main table first. */
  readonly rules: readonly Rule[]
  /** Where the rules of a default route belong; absent if any place will do. */
  readonly rulePlaces?: Readonly<Partial<Record<Family, RulePlace>>>
  /** Floors of the tables of default routes; with a kill switch for as long as the tunnel is up. */
  readonly floors?: readonly Floor[]
  readonly firewall?: FirewallState
  readonly killSwitch?: KillSwitchState
  readonly aside?: AsideState
  readonly dns?: DnsState
  /** Leave name servers unchanged: this machine did not accept those of the file. */
  readonly leavesDns?: boolean
  /** The sysctls that the tunnel needs: values by key. */
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
  /** As listed; absent if the file is the source. */
  readonly metric?: number
  /** RTPROT_ number as listed. */
  readonly protocol?: number
}
