// SPDX-License-Identifier: MIT
import type { Cidr } from '@wgq/model/cidr'
import { covers, formatCidr, parseCidr } from '@wgq/model/cidr'
import type { Device, Peer } from '@wgq/model/device'
import { type Endpoint, formatEndpoint } from '@wgq/model/endpoint'
import type { Host, Route, RouteLookup } from '@wgq/model/host'
import type { Rule } from '@wgq/model/operation'
import { type OwnPacket, ruleInWords, ruleMatches } from './rule-match.ts'

/** The path of a packet to an address. */
interface PacketPath {
  readonly destination: string
  /** The policy rule that decides, and its table. */
  readonly rule?: Rule
  readonly route?: Route
  /** A later rule with a route into a WireGuard device; it is never reached. */
  readonly later?: { readonly rule: Rule; readonly route: Route }
  /** The system's error text if it refuses the packet. */
  readonly refusal?: string
  /** The peer whose allowed IPs contain the address, if the route leads into the WireGuard device. */
  readonly peer?: Peer
  readonly allowedIp?: Cidr
  /** Interface through which the encrypted packet leaves to reach the endpoint. */
  readonly outerDev?: string
  /** Why the packet does not arrive despite a route. */
  readonly problem?: string
}

/**
 * Traces a packet with `mark` that root sends to `destination` (an address) through rules, tables and, in `device`,
 * allowed IPs. The route is the answer of `ip route get`; `ip rule`, `ip route show table` and `wg show allowed-ips`
 * explain it. Undefined if `destination` is not an address to which packets are sent.
 */
export const packetPath = async (
  host: Host,
  devices: readonly Device[],
  destination: string,
  mark = 0,
): Promise<PacketPath | undefined> => {
  const address = parseCidr(destination)
  if (!address || destination.includes('/') || /^(?:0\.0\.0\.0|::)$/.test(address.address)) return undefined
  const stations = await stationsOf(host, { address, mark, uid: 0 })
  const answer = await host.askRoute?.(destination, mark)
  if (answer && 'refusal' in answer) {
    const cause = stations.find(({ route, rule }) =>
      refusing.has(route?.type ?? rule.selectors?.action ?? ''),
    )
    return { destination, refusal: answer.refusal, ...cause }
  }
  const told = answer?.route
  // The kernel's answer takes precedence: use the first rule that leads to the table it names.
  const at = stations.findIndex(({ rule, sure, route }) =>
    told?.table === undefined ? sure && route : route && rule.table === told.table,
  )
  const station = stations[at]
  if (!station?.route && !told) return { destination, refusal: noRoute }
  const route = { ...(station?.route ?? unknownRoute(address, told?.table ?? 0)), ...told } as Route
  const base = { destination, route, ...(station ? { rule: station.rule } : {}) }
  const device = devices.find((candidate) => candidate.name === route.dev)
  if (!device) {
    const names = new Set(devices.map(({ name }) => name))
    const later = stations.slice(at + 1).find((other) => names.has(other.route?.dev ?? ''))
    return { ...base, ...(later?.route ? { later: { rule: later.rule, route: later.route } } : {}) }
  }
  const owner = owningPeer(device, address)
  if (!owner) return { ...base, problem: `no peer of ${device.name} has this address` }
  return { ...base, ...owner, ...(await outerWay(host, device, owner.peer)) }
}

const noRoute = 'RTNETLINK answers: Network is unreachable'
const refusing = new Set(['blackhole', 'unreachable', 'prohibit'])

/** A rule that may select the packet, with the matching route of its table. */
interface Station {
  readonly rule: Rule
  readonly route?: Route
  /** The rule certainly selects the packet, as far as its properties are known. */
  readonly sure: boolean
}

const stationsOf = async (host: Host, packet: OwnPacket): Promise<Station[]> => {
  const stations: Station[] = []
  const { family } = packet.address
  for (const rule of await host.rules(family)) {
    const matches = ruleMatches(rule, packet)
    if (matches === false || rule.selectors?.action === 'goto' || rule.selectors?.action === 'nop') continue
    const sure = matches === true
    if (rule.table === 0) {
      stations.push({ rule, sure })
      continue
    }
    const route = longest(await host.routes({ family, table: rule.table }), packet.address)
    // A `throw` route passes the packet to the next rule.
    if (!route || route.type === 'throw') continue
    if (rule.suppressPrefixLength === undefined || route.dst.prefixLength > rule.suppressPrefixLength)
      stations.push({ rule, route, sure })
  }
  return stations
}

const outerWay = async (
  host: Host,
  device: Device,
  { endpoint }: Peer,
): Promise<Pick<PacketPath, 'outerDev' | 'problem'>> => {
  if (!endpoint) return { problem: 'the peer has no endpoint yet' }
  const outer = await wayTo(host, endpoint, device.fwmark)
  if (outer?.dev === undefined)
    return { problem: `there is no route to its endpoint ${formatEndpoint(endpoint)}` }
  const problem = `its endpoint ${formatEndpoint(endpoint)} is routed into ${device.name} itself: a loop`
  return { outerDev: outer.dev, ...(outer.dev === device.name ? { problem } : {}) }
}

/** Runs `ip route get ENDPOINT mark MARK`; a link-local endpoint leaves through its zone. */
export const wayTo = async (
  host: Host,
  endpoint: Endpoint,
  mark: number,
): Promise<RouteLookup | undefined> => {
  if (endpoint.zone === undefined) return host.routeTo(endpoint.address, mark)
  const link = (await host.links()).find(
    ({ name, index }) => name === endpoint.zone || `${index}` === endpoint.zone,
  )
  return link && { dev: link.name }
}

const unknownRoute = ({ family, address }: Cidr, table: number): Route => ({
  family,
  dst: { family, address, prefixLength: family === 4 ? 32 : 128 },
  table,
})

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

/** The path as readable lines, starting with the destination. */
export const describePath = (path: PacketPath): string[] => {
  const { destination, rule, route, peer, allowedIp, later, refusal, problem } = path
  if (refusal !== undefined)
    return [
      `${destination}: ${refusal}`,
      ...(rule ? [`  ${ruleInWords(rule)}${route ? `: ${route.type} ${formatCidr(route.dst)}` : ''}`] : []),
    ]
  const lines = [`${destination}: ${rule ? ruleInWords(rule) : `table ${route?.table ?? '?'}`}`]
  if (route) {
    const kind = route.type === undefined ? '' : `${route.type} `
    const via = route.gateway === undefined ? '' : ` via ${route.gateway}`
    lines.push(`  route ${kind}${formatCidr(route.dst)} dev ${route.dev ?? '?'}${via}`)
  }
  if (later)
    lines.push(
      `  rule ${later.rule.preference ?? '?'} has a route for this into ${later.route.dev}, but rule ${rule?.preference ?? '?'} comes first`,
    )
  if (peer && allowedIp) {
    lines.push(`  peer ${peer.publicKey}, allowed IP ${formatCidr(allowedIp)}`)
    if (path.outerDev !== undefined && peer.endpoint)
      lines.push(`  encrypted to ${formatEndpoint(peer.endpoint)}, leaving through ${path.outerDev}`)
  }
  if (problem !== undefined) lines.push(`  ${problem}`)
  return lines
}

/** The path as JSON (docs/schema/doctor.json). */
export const pathJson = ({ rule, route, later, ...path }: PacketPath): object => ({
  destination: path.destination,
  ...(rule ? { rule: ruleInWords(rule) } : {}),
  ...(route ? { route: routeJson(route) } : {}),
  ...(later ? { later: { rule: ruleInWords(later.rule), route: routeJson(later.route) } } : {}),
  ...(path.peer ? { peer: path.peer.publicKey } : {}),
  ...(path.allowedIp ? { allowedIp: formatCidr(path.allowedIp) } : {}),
  ...(path.peer?.endpoint ? { endpoint: formatEndpoint(path.peer.endpoint) } : {}),
  ...(path.outerDev === undefined ? {} : { outerInterface: path.outerDev }),
  ...(path.refusal === undefined ? {} : { refusal: path.refusal }),
  ...(path.problem === undefined ? {} : { problem: path.problem }),
})

const routeJson = ({ dst, dev, gateway, table, type }: Route): object => ({
  destination: formatCidr(dst),
  ...(dev === undefined ? {} : { interface: dev }),
  ...(gateway === undefined ? {} : { gateway }),
  table,
  ...(type === undefined ? {} : { type }),
})
