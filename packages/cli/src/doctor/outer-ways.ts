// SPDX-License-Identifier: MIT
import { formatCidr, parseCidr } from '@wgq/model/cidr'
import type { Device, Peer } from '@wgq/model/device'
import { type Endpoint, formatEndpoint } from '@wgq/model/endpoint'
import type { Host, Link, RouteLookup } from '@wgq/model/host'
import type { Finding } from './finding.ts'
import { owningPeer, wayTo } from './packet-path.ts'

/** The route of encrypted packets to a peer; `route` is absent if there is none. */
export interface OuterWay {
  readonly peer: Peer
  readonly endpoint: Endpoint
  readonly route: RouteLookup | undefined
}

/**
 * Runs `ip route get ENDPOINT mark FWMARK` for every peer with an endpoint; a link-local endpoint leaves through its
 * zone.
 */
export const outerWays = async (host: Host, device: Device): Promise<OuterWay[]> => {
  const ways: OuterWay[] = []
  for (const peer of device.peers) {
    const { endpoint } = peer
    if (endpoint) ways.push({ peer, endpoint, route: await wayTo(host, endpoint, device.fwmark) })
  }
  return ways
}

/** Checks that encrypted packets have a route, and that it does not lead into their own tunnel. */
export const checkOuterWays = async (
  host: Host,
  ways: readonly OuterWay[],
  device: Device,
  label: (peer: Peer) => string,
): Promise<Finding[]> => {
  const findings: Finding[] = []
  for (const { peer, endpoint, route } of ways) {
    if (!route)
      findings.push({
        check: 'endpoint',
        status: 'problem',
        message: `${label(peer)}: there is no route to its endpoint ${formatEndpoint(endpoint)}`,
        hint: await noWayHint(host, endpoint),
      })
    else if (route.dev === device.name)
      findings.push({
        check: 'endpoint',
        status: 'problem',
        message: `${label(peer)}: a loop: packets to its endpoint ${formatEndpoint(endpoint)} are routed into ${device.name} itself${cause(device, endpoint)}`,
        hint: loopHint(device),
      })
  }
  return findings
}

/** The allowed IP that routes the endpoint into the tunnel. */
const cause = (device: Device, endpoint: Endpoint): string => {
  const address = parseCidr(endpoint.address)
  const owner = address && owningPeer(device, address)
  return owner ? `, which the allowed IP ${formatCidr(owner.allowedIp)} makes` : ''
}

const loopHint = (device: Device): string =>
  device.fwmark === 0
    ? 'Leave the endpoint out of AllowedIPs, or set FwMark and a rule that sends marked packets outside (Table = auto does both for 0.0.0.0/0 and ::/0)'
    : `Nothing keeps packets with mark 0x${device.fwmark.toString(16)} out of the tunnel: \`wgq reload ${device.name}\` puts the rules back; a route of a single allowed IP has to leave the endpoint out`

const noWayHint = async (host: Host, endpoint: Endpoint): Promise<string> => {
  if (endpoint.zone !== undefined)
    return `There is no interface ${endpoint.zone}: it is the zone of the endpoint`
  const other = endpoint.family === 4 ? 6 : 4
  const hasDefault = async (family: 4 | 6) =>
    (await host.routes({ family })).some(({ dst, type }) => dst.prefixLength === 0 && type === undefined)
  if ((await hasDefault(endpoint.family)) || !(await hasDefault(other)))
    return 'Check the default route of the network below the tunnel'
  return endpoint.family === 4
    ? 'This network has no IPv4: it takes the IPv6 address of NAT64 (64:ff9b::…) where the network has one, or a name with an IPv6 address as Endpoint'
    : 'This network has no IPv6: use an IPv4 address or a name that has one as Endpoint'
}

/**
 * Compares the tunnel's MTU with that of the underlying interface: WireGuard needs 80 bytes over IPv6. Where neither the
 * file nor a hook sets it, a reload chooses one that fits.
 */
export const checkMtu = async (
  host: Host,
  ways: readonly OuterWay[],
  device: Device,
  link: Link,
  config = '',
): Promise<Finding[]> => {
  const found = new Map<string, Finding>()
  const isChosen = config !== '' && !/\bmtu\b/i.test(config)
  for (const { endpoint, route } of ways) {
    // A routing loop has no path MTU.
    if (route?.dev === undefined || route.dev === device.name) continue
    const below = await host.link(route.dev)
    const mtu = route.mtu ?? below?.mtu
    const overhead = endpoint.family === 6 ? 80 : 60
    if (mtu === undefined || link.mtu <= mtu - overhead) continue
    const message = `${device.name} has MTU ${link.mtu}, but ${below?.name ?? 'the path'} carries ${mtu}: encrypted packets are fragmented`
    found.set(message, {
      check: 'mtu',
      status: 'warning',
      message,
      hint: isChosen
        ? `\`wgq reload ${device.name}\` chooses the MTU again`
        : `Set MTU = ${mtu - overhead} in the [Interface] section`,
    })
  }
  return [...found.values()]
}
