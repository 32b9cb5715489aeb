// SPDX-License-Identifier: MIT
import { formatCidr } from '@wgq/model/cidr'
import type { Device, Peer } from '@wgq/model/device'
import { type Endpoint, formatEndpoint } from '@wgq/model/endpoint'
import type { Host, Link, RouteLookup } from '@wgq/model/host'
import type { Finding } from './finding.ts'

/** Longest age of a handshake of a peer that traffic flows to: rekeys come every 120 s, sessions end after 180 s. */
const sessionSeconds = 180

/** Why a peer has no session, from its counters and times; `nowSeconds` is the wall clock. */
export const checkHandshake = (peer: Peer, label: string, nowSeconds: number): Finding => {
  const check = 'handshake'
  const seconds = Number(peer.lastHandshake.seconds)
  const age = nowSeconds - seconds
  if (seconds > 0 && age < 0)
    return {
      check,
      status: 'warning',
      message: `${label}: the last handshake lies ${-age} s in the future`,
      hint: 'The clock was set back; handshakes may be refused until the other side forgets the old time',
    }
  if (seconds > 0 && age < sessionSeconds)
    return { check, status: 'ok', message: `${label}: last handshake ${age} s ago` }
  if (seconds > 0)
    return {
      check,
      status: 'info',
      message: `${label}: last handshake ${age} s ago; the session has ended, the next packet starts a new one`,
    }
  if (!peer.endpoint)
    return {
      check,
      status: 'info',
      message: `${label}: no endpoint and no handshake: it waits for the other side to begin`,
      hint: 'Give it an Endpoint if this side has to begin',
    }
  if (peer.txBytes > 0n && peer.rxBytes === 0n)
    return {
      check,
      status: 'problem',
      message: `${label}: ${peer.txBytes} bytes sent to ${formatEndpoint(peer.endpoint)}, nothing ever came back`,
      hint: `Check that UDP port ${peer.endpoint.port} is open there, that the public keys and the preshared key match on both sides, and that both clocks are right`,
    }
  if (peer.txBytes === 0n)
    return {
      check,
      status: 'info',
      message: `${label}: no handshake was tried yet; one starts with the first packet`,
      hint: 'Send a packet to an allowed IP, or set PersistentKeepalive',
    }
  return {
    check,
    status: 'warning',
    message: `${label}: packets come in but no handshake was completed`,
    hint: 'The keys do not match: compare both sides with `wgq show`',
  }
}

/** The interface itself: exists, up, has addresses. */
export const checkLink = (link: Link | undefined, device: Device, addresses: number): Finding[] => {
  if (!link)
    return [
      {
        check: 'link',
        status: 'problem',
        message: `${device.name} has no network interface in this namespace`,
        hint: 'It was moved to another namespace, or its daemon hangs',
      },
    ]
  const findings: Finding[] = [
    link.up
      ? { check: 'link', status: 'ok', message: `${link.name} is up, MTU ${link.mtu}` }
      : {
          check: 'link',
          status: 'problem',
          message: `${link.name} is down`,
          hint: `wgq up ${link.name}, or: ip link set ${link.name} up`,
        },
  ]
  if (addresses === 0)
    findings.push({
      check: 'address',
      status: 'warning',
      message: `${link.name} has no address`,
      hint: 'Add Address = … to the [Interface] section',
    })
  return findings
}

/** The way that encrypted packets take to a peer; `route` is absent where there is none. */
export interface OuterWay {
  readonly peer: Peer
  readonly endpoint: Endpoint
  readonly route: RouteLookup | undefined
}

/** `ip route get ENDPOINT mark FWMARK` for every peer that has an endpoint. */
export const outerWays = async (host: Host, device: Device): Promise<OuterWay[]> => {
  const ways: OuterWay[] = []
  for (const peer of device.peers) {
    const { endpoint } = peer
    if (endpoint) ways.push({ peer, endpoint, route: await host.routeTo(endpoint.address, device.fwmark) })
  }
  return ways
}

/** Own packets must not be routed into their own tunnel. */
export const checkLoop = (
  ways: readonly OuterWay[],
  device: Device,
  label: (peer: Peer) => string,
): Finding[] => {
  const findings: Finding[] = []
  for (const { peer, endpoint, route: outer } of ways) {
    if (!outer)
      findings.push({
        check: 'endpoint',
        status: 'problem',
        message: `${label(peer)}: there is no route to its endpoint ${formatEndpoint(endpoint)}`,
        hint: 'Check the default route of the network below the tunnel',
      })
    else if (outer.dev === device.name)
      findings.push({
        check: 'endpoint',
        status: 'problem',
        message: `${label(peer)}: packets to its endpoint ${formatEndpoint(endpoint)} are routed into ${device.name} itself`,
        hint: 'Let wgq choose the routes (Table = auto), set FwMark with a rule, or leave the endpoint out of AllowedIPs',
      })
  }
  return findings
}

/** The tunnel's MTU against that of the interface below it: 80 bytes are WireGuard's over IPv6. */
export const checkMtu = async (
  host: Host,
  ways: readonly OuterWay[],
  device: Device,
  link: Link,
): Promise<Finding[]> => {
  const findings: Finding[] = []
  for (const { endpoint, route: outer } of ways) {
    const below = outer?.dev === undefined ? undefined : await host.link(outer.dev)
    const mtu = outer?.mtu ?? below?.mtu
    const overhead = endpoint.family === 6 ? 80 : 60
    if (mtu !== undefined && link.mtu > mtu - overhead)
      findings.push({
        check: 'mtu',
        status: 'warning',
        message: `${device.name} has MTU ${link.mtu}, but ${below?.name ?? 'the path'} carries ${mtu}: encrypted packets are fragmented`,
        hint: `Set MTU = ${mtu - overhead} in the [Interface] section`,
      })
  }
  return findings
}

/** Most allowed IPs that are told of: one wrong route often carries them all. */
const mostRouteFindings = 20

/**
 * Every allowed IP should be routed into the device, or packets to it never reach the peer. A device has no prefix twice, so
 * each belongs to the peer that it is found with.
 */
export const checkRoutes = async (
  host: Host,
  device: Device,
  label: (peer: Peer) => string,
): Promise<Finding[]> => {
  const findings: Finding[] = []
  for (const peer of device.peers) {
    for (const allowedIp of peer.allowedIps) {
      const route = await host.routeTo(allowedIp.address)
      if (!route || route.dev === device.name) continue
      findings.push({
        check: 'route',
        status: 'warning',
        message: `${label(peer)}: packets to ${formatCidr(allowedIp)} leave through ${route.dev ?? 'no interface'}, not ${device.name}`,
        hint: `Another route is more specific or Table = off: see \`wgq doctor ${device.name} --to ${allowedIp.address}\``,
      })
      if (findings.length === mostRouteFindings) return findings
    }
  }
  return findings
}
