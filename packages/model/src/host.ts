// SPDX-License-Identifier: MIT
import type { Cidr } from './cidr.ts'
import type { Family } from './ip.ts'
import type { IfName, Op, Rule, Table } from './operation.ts'

/** A network interface of the host. */
export interface Link {
  readonly index: number
  readonly name: IfName
  /** `wireguard`, `tun`, `veth` …; absent if the system does not report it. */
  readonly kind?: string
  readonly mtu: number
  readonly up: boolean
}

/** An address on an interface. */
export interface LinkAddress {
  readonly dev: IfName
  readonly cidr: Cidr
  readonly scope: 'global' | 'link' | 'host' | 'site' | 'other'
}

/** A route as the system lists it. */
export interface Route {
  readonly family: Family
  readonly dst: Cidr
  readonly dev?: IfName
  readonly gateway?: string
  readonly table: number
  readonly mtu?: number
  /** `mtu lock`: the kernel does not lower it. */
  readonly mtuLocked?: true
  readonly metric?: number
  readonly protocol?: number
  /** Absent for an ordinary (unicast) route. */
  readonly type?: RouteType
}

/** What a route does instead of sending packets out, in the words of `ip route`. */
export type RouteType =
  | 'local'
  | 'broadcast'
  | 'anycast'
  | 'multicast'
  | 'blackhole'
  | 'unreachable'
  | 'prohibit'
  | 'throw'

/** What `ip route get` printed: the route, or the system's message if there is none. */
export type RouteAnswer =
  | { readonly route: RouteLookup & { readonly type?: RouteType } }
  | { readonly refusal: string }

/** Where a packet to an address would go: the interface, and the route's own MTU if it has one. */
export interface RouteLookup {
  readonly dev?: IfName
  readonly mtu?: number
  readonly mtuLocked?: true
  readonly source?: string
  readonly gateway?: string
  readonly table?: number
}

/**
 * The host's network as wg-quick reads and changes it. Every method raises `E_HOST` with `errno`, the system's own text
 * in `message`, and the `exitCode` of the system's tool (ip: 1 syntax, 2 refusal, 255 bad value).
 */
export interface Host {
  /** `ip link show`, all interfaces. */
  links(): Promise<Link[]>
  /** `ip link show dev NAME`; undefined when there is none. */
  link(name: IfName): Promise<Link | undefined>
  /** `ip -o -4|-6 addr show dev DEV`, in the order of the system. */
  addresses(dev: IfName, family?: Family): Promise<LinkAddress[]>
  /** `ip -4|-6 route show table TABLE` (main unless given, 0 for all), optionally of one interface. */
  routes(query: { family: Family; table?: Table; dev?: IfName }): Promise<Route[]>
  /** `ip -4|-6 rule show`. */
  rules(family: Family): Promise<Rule[]>
  /** `ip route get ADDRESS [mark MARK]`; undefined when unreachable. */
  routeTo(address: string, mark?: number): Promise<RouteLookup | undefined>
  /** The same, with the system's message if there is no route; absent if the system has no such query. */
  askRoute?(address: string, mark?: number): Promise<RouteAnswer>
  /**
   * Carries out link, address, route and rule operations in order, batched where the system can. On failure the error's
   * `applied` is the number of operations that took effect before the one that failed.
   */
  apply(ops: readonly Op[]): Promise<void>
  close(): void
}
