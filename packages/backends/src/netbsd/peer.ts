// SPDX-License-Identifier: MIT
import { type Cidr, covers, maskCidr } from '@wgq/model/cidr'
import type { Endpoint } from '@wgq/model/endpoint'
import { formatEndpoint } from '@wgq/model/endpoint'
import type { Key } from '@wgq/model/key'

/** A peer as NetBSD stores it: no keepalive, no counters, but a name, without which it cannot be deleted. */
export interface NamedPeer {
  /** At most 16 bytes; absent for a peer that another program added without one. */
  readonly name?: string
  readonly publicKey: Key
  readonly presharedKey?: Key
  readonly endpoint?: Endpoint
  readonly allowedIps: readonly Cidr[]
}

/** A name for a new peer: the first 16 characters of its key (PSTRING is 16 bytes in the driver, spec bsd §4.3). */
export const peerName = (publicKey: Key): string => publicKey.slice(0, 16)

/** Returns whether two states of a peer are the same for the kernel, allowed IPs masked and in any order. */
export const samePeer = (a: NamedPeer, b: NamedPeer): boolean =>
  a.publicKey === b.publicKey &&
  a.presharedKey === b.presharedKey &&
  sameEndpoint(a.endpoint, b.endpoint) &&
  a.allowedIps.length === b.allowedIps.length &&
  a.allowedIps.every((cidr) => b.allowedIps.some((other) => samePrefix(cidr, other)))

/** Returns whether two allowed IPs are the same prefix once masked. */
export const samePrefix = (a: Cidr, b: Cidr): boolean =>
  a.prefixLength === b.prefixLength && covers(maskCidr(a), maskCidr(b))

const sameEndpoint = (a: Endpoint | undefined, b: Endpoint | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && formatEndpoint(a) === formatEndpoint(b))
