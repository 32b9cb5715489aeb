// SPDX-License-Identifier: MIT
import type { Cidr } from '@wgq/model/cidr'
import { covers, formatCidr, parseCidr } from '@wgq/model/cidr'
import type { Device, Peer } from '@wgq/model/device'
import { formatEndpoint } from '@wgq/model/endpoint'
import type { Host, Route } from '@wgq/model/host'
import type { Rule } from '@wgq/model/operation'

/** Where a packet to an address would go. */
export interface PacketPath {
  readonly destination: string
  /** The policy rule that decides, and the table it looks into. */
  readonly rule?: Rule
  readonly route?: Route
  /** The peer whose allowed IPs contain the address, where the route leads into the WireGuard device. */
  readonly peer?: Peer
  readonly allowedIp?: Cidr
  /** Where the encrypted packet leaves: the interface the endpoint is reached through. */
  readonly outerDev?: string
}

/**
 * Follows a packet with `mark` to `destination` (an address) through rules, tables and, in `device`, allowed IPs, as
 * `ip rule`, `ip route show table` and `wg show allowed-ips` read by hand would. Undefined for what is not an address.
 */
export const packetPath = async (
  host: Host,
  devices: readonly Device[],
  destination: string,
  mark = 0,
): Promise<PacketPath | undefined> => {
  const address = parseCidr(destination)
  if (!address || destination.includes('/')) return undefined
  for (const rule of await host.rules(address.family)) {
    // Rules that look up no table are not followed.
    if (rule.table === 0 || (rule.notFwmark !== undefined && rule.notFwmark === mark)) continue
    const route = longest(await host.routes({ family: address.family, table: rule.table }), address)
    if (
      !route ||
      (rule.suppressPrefixLength !== undefined && route.dst.prefixLength <= rule.suppressPrefixLength)
    )
      continue
    const device = devices.find((candidate) => candidate.name === route.dev)
    const base = { destination, rule, route }
    if (!device) return base
    const owner = owningPeer(device, address)
    if (!owner) return base
    const outer = owner.peer.endpoint && (await host.routeTo(owner.peer.endpoint.address, device.fwmark))
    return { ...base, ...owner, ...(outer?.dev === undefined ? {} : { outerDev: outer.dev }) }
  }
  return { destination }
}

/** The peer with the longest allowed IP that contains `address`. */
export const owningPeer = (device: Device, address: Cidr): { peer: Peer; allowedIp: Cidr } | undefined => {
  let best: { peer: Peer; allowedIp: Cidr } | undefined
  for (const peer of device.peers)
    for (const allowedIp of peer.allowedIps)
      if (covers(allowedIp, address) && (!best || allowedIp.prefixLength > best.allowedIp.prefixLength))
        best = { peer, allowedIp }
  return best
}

const longest = (routes: readonly Route[], address: Cidr): Route | undefined => {
  let best: Route | undefined
  for (const route of routes) {
    if (!covers(route.dst, address)) continue
    const better =
      !best ||
      route.dst.prefixLength > best.dst.prefixLength ||
      (route.dst.prefixLength === best.dst.prefixLength && (route.metric ?? 0) < (best.metric ?? 0))
    if (better) best = route
  }
  return best
}

/** The path as lines a person reads, the first one the destination. */
export const describePath = (path: PacketPath): string[] => {
  if (!path.route) return [`${path.destination}: no route, the packet is refused`]
  const rule = path.rule
  const via = path.route.gateway === undefined ? '' : ` via ${path.route.gateway}`
  const lines = [
    `${path.destination}: rule ${rule?.preference ?? '?'}${rule?.notFwmark === undefined ? '' : ` (not fwmark 0x${rule.notFwmark.toString(16)})`}, table ${tableName(rule?.table)}`,
    `  route ${formatCidr(path.route.dst)} dev ${path.route.dev ?? '?'}${via}`,
  ]
  if (path.peer && path.allowedIp) {
    const endpoint = path.peer.endpoint
    lines.push(`  peer ${path.peer.publicKey}, allowed IP ${formatCidr(path.allowedIp)}`)
    lines.push(
      endpoint
        ? `  encrypted to ${formatEndpoint(endpoint)}, leaving through ${path.outerDev ?? 'no interface: unreachable'}`
        : '  the peer has no endpoint yet',
    )
  }
  return lines
}

/** `ip route`'s own names for the tables that every system has. */
const tableName = (table: Rule['table'] | undefined): string =>
  ({ 253: 'default', 254: 'main', 255: 'local' })[Number(table)] ?? `${table}`
