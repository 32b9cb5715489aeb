// SPDX-License-Identifier: MIT
import { lookup as systemLookup } from 'node:dns/promises'
import { type Endpoint, formatEndpoint } from '@wgq/model/endpoint'
import type { Host } from '@wgq/model/host'
import { formatIp, parseIp } from '@wgq/model/ip'
import type { HostPort } from './endpoint-candidates.ts'
import { addressesBeside, type NamedAddresses } from './names-beside.ts'

/** The name resolution and routing needed to find endpoints of a peer; tests replace it. */
export interface Outside {
  /**
   * Addresses of a name; empty if it does not exist or no server answers. With `mark` 0, uses the system's resolver.
   */
  readonly addresses: (host: string, mark: number) => Promise<NamedAddresses>
  /** Whether packets with this mark have a route to an address. */
  readonly hasRoute: (address: string, mark: number) => Promise<boolean>
}

/** Endpoints of a peer, in the order in which to try them, and the shortest TTL of the answers about their names. */
export interface Ways {
  readonly endpoints: readonly Endpoint[]
  /** The name of each endpoint that was resolved from one, by the endpoint's text. */
  readonly names?: ReadonlyMap<string, string>
  readonly ttlSeconds?: number
}

/**
 * The endpoints of candidates that packets with a mark can currently reach, in order; all of them if none has a route.
 */
export const reachableEndpoints = async (
  candidates: readonly HostPort[],
  mark: number,
  outside: Outside,
): Promise<Ways> => {
  const all: Endpoint[] = []
  const names = new Map<string, string>()
  const ttls: number[] = []
  const reachable: Endpoint[] = []
  for (const { host, port } of candidates) {
    const found = parseIp(host) ? { addresses: [host] } : await outside.addresses(host, mark)
    if (found.ttlSeconds !== undefined) ttls.push(found.ttlSeconds)
    for (const address of found.addresses) {
      const endpoint = endpointOf(address, port)
      all.push(endpoint)
      if (!parseIp(host)) names.set(formatEndpoint(endpoint), host)
      if (await outside.hasRoute(address, mark)) reachable.push(endpoint)
    }
  }
  const ways = (endpoints: readonly Endpoint[]): Ways =>
    ttls.length === 0 ? { endpoints, names } : { endpoints, names, ttlSeconds: Math.min(...ttls) }
  if (reachable.length > 0 || all.length === 0) return ways(reachable)
  const translated = await throughNat64(all, mark, outside)
  return ways(translated.length > 0 ? translated : all)
}

/**
 * Translates IPv4 endpoints on an IPv6-only network: the translator's prefix is in the addresses of ipv4only.arpa,
 * before 192.0.0.170 or 192.0.0.171 (RFC 7050, RFC 6052 with a prefix of 96 bits).
 */
const throughNat64 = async (
  endpoints: readonly Endpoint[],
  mark: number,
  outside: Outside,
): Promise<Endpoint[]> => {
  const ipv4 = endpoints.filter(({ family }) => family === 4)
  if (ipv4.length === 0) return []
  for (const address of (await outside.addresses('ipv4only.arpa', mark)).addresses) {
    const bytes = parseIp(address)
    if (bytes?.length !== 16 || !wellKnown.has(bytes.slice(12).join('.'))) continue
    return ipv4.map(({ address: own, port }) => {
      const mapped = Uint8Array.from(bytes)
      mapped.set(parseIp(own) as Uint8Array, 12)
      return { family: 6, address: formatIp(mapped), port }
    })
  }
  return []
}

const wellKnown = new Set(['192.0.0.170', '192.0.0.171'])

const endpointOf = (address: string, port: number): Endpoint => ({
  family: address.includes(':') ? 6 : 4,
  address,
  port,
})

/**
 * Name resolution and routing of this machine. A tunnel with a mark may cover the default route, and with it the route
 * to the name servers: names are then resolved outside of it, from the servers that the machine uses without tunnels.
 */
export const realOutside = (host: Host): Outside => ({
  addresses: async (name, mark) => {
    const beside = mark === 0 ? undefined : await addressesBeside(name, mark)
    if (beside) return beside
    try {
      const found = await systemLookup(name, { all: true, verbatim: true })
      return { addresses: found.map(({ address }) => address) }
    } catch {
      return { addresses: [] }
    }
  },
  hasRoute: async (address, mark) => {
    try {
      return (await host.routeTo(address, mark)) !== undefined
    } catch {
      return false
    }
  },
})
