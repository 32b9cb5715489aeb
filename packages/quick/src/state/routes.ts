// SPDX-License-Identifier: MIT
import { type Cidr, formatCidr, maskCidr } from '@wgq/model/cidr'
import type { Peer } from '@wgq/model/device'
import type { Op } from '@wgq/model/operation'
import type { System } from '../systems/system.ts'

/** Destination of a tunnel's routes: none, one table, or wg-quick's automatic choice. */
export type Routing =
  | { readonly to: 'off' }
  | { readonly to: 'auto' }
  | { readonly to: 'table'; readonly table: string }

/** Reads `Table`. Only lower-case words count; everything else is a table, which the system accepts or rejects. */
export const readRouting = (table: string | undefined): Routing => {
  if (table === undefined || table === 'auto') return { to: 'auto' }
  return table === 'off' ? { to: 'off' } : { to: 'table', table }
}

/**
 * Every allowed IP of a device, longest prefix first, ties by the whole text in descending byte order: the order of
 * `sort -nr -k 2 -t /`, with `::/0` before `0.0.0.0/0` (spec wg-quick §6.3).
 */
export const sortedAllowedIps = (peers: readonly Peer[]): Cidr[] =>
  sortedPrefixes(peers.flatMap((peer) => peer.allowedIps))

/** The same text for the same route, whatever its metric; `dst` without host bits. */
export const routeId = (dst: Cidr, table: number): string => `${table} ${formatCidr(dst)}`

/** The order of {@link sortedAllowedIps} for any prefixes. */
export const sortedPrefixes = (prefixes: readonly Cidr[]): Cidr[] => {
  const entries = prefixes.map((cidr) => ({ cidr, text: formatCidr(cidr) }))
  entries.sort((a, b) => {
    if (a.cidr.prefixLength !== b.cidr.prefixLength) return b.cidr.prefixLength - a.cidr.prefixLength
    return a.text < b.text ? 1 : a.text > b.text ? -1 : 0
  })
  return entries.map(({ cidr }) => cidr)
}

/** `ip route add` of every entry into one table, default routes included; nothing is looked up. */
export const planTableRoutes = (dev: string, table: string, allowedIps: readonly Cidr[]): Op[] =>
  allowedIps.map((dst) => ({ do: 'route.add', dev, dst, table }))

/**
 * Prefixes without the networks of IPv4 addresses: Linux has made routes for those in the main table, and refuses
 * duplicates. Upstream's `up` fails there.
 */
export const withoutConnected = (
  { name }: Pick<System, 'name'>,
  prefixes: readonly Cidr[],
  addresses: readonly Cidr[],
): readonly Cidr[] => {
  if (name !== 'linux') return prefixes
  const connected = new Set(
    addresses
      .filter(({ family, prefixLength }) => family === 4 && prefixLength < 32)
      .map((cidr) => formatCidr(maskCidr(cidr))),
  )
  return prefixes.filter((cidr) => !connected.has(formatCidr(cidr)))
}

/** Says whether an allowed IP is handled as a default route (spec wg-quick §6.4). */
export const isDefault = (cidr: Cidr): boolean => cidr.prefixLength === 0

/**
 * Routes of the main table for the entries that no route of the interface covers yet, neither one of `existing` (such
 * as the network of an address) nor one planned before it: entries must be sorted longest prefix first.
 */
export const planMainRoutes = (dev: string, allowedIps: readonly Cidr[], existing: readonly Cidr[]): Op[] => {
  // Planned routes cover nothing that follows: later prefixes are shorter, and a device has no duplicates.
  const present = new PrefixSet(existing)
  return allowedIps.filter((dst) => !present.covers(dst)).map((dst) => ({ do: 'route.add', dev, dst }))
}

/** Indexes prefixes by family and length, so that 10,000 routes cost a few look-ups each. */
class PrefixSet {
  private readonly lengths: Record<4 | 6, Map<number, Set<string>>> = { 4: new Map(), 6: new Map() }

  constructor(prefixes: readonly Cidr[]) {
    for (const prefix of prefixes) this.add(prefix)
  }

  private add(prefix: Cidr): void {
    const sets = this.lengths[prefix.family]
    const set = sets.get(prefix.prefixLength) ?? new Set()
    sets.set(prefix.prefixLength, set.add(maskCidr(prefix).address))
  }

  covers(prefix: Cidr): boolean {
    for (const [prefixLength, set] of this.lengths[prefix.family]) {
      if (prefixLength <= prefix.prefixLength && set.has(maskCidr({ ...prefix, prefixLength }).address))
        return true
    }
    return false
  }
}
