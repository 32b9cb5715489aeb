// SPDX-License-Identifier: MIT

import type { Peer } from '@wgq/model/device'
import type { Host } from '@wgq/model/host'

/** What WireGuard needs of each packet: 40 (IPv6) + 8 (UDP) + 16 (header) + 16 (tag); upstream takes it for IPv4 too. */
const overheadBytes = 80
const fallbackMtu = 1500

/**
 * The MTU of a tunnel whose file gives none: the smallest MTU on the way to an endpoint, else that of the default route,
 * else 1500, minus 80 (spec wg-quick §6.1). Endpoints that cannot be reached are passed over. Raises what the host raises.
 */
export const automaticMtu = async (host: Host, peers: readonly Peer[]): Promise<number> => {
  let smallest: number | undefined
  for (const address of new Set(peers.flatMap(reachableAddress))) {
    const found = await pathMtu(host, address)
    if (found !== undefined && (smallest === undefined || found < smallest)) smallest = found
  }
  return (smallest || (await defaultRouteMtu(host)) || fallbackMtu) - overheadBytes
}

/** Endpoints with a zone do not match upstream's pattern and are skipped. */
const reachableAddress = ({ endpoint }: Peer): string[] =>
  endpoint && endpoint.zone === undefined ? [endpoint.address] : []

const pathMtu = async (host: Host, address: string): Promise<number | undefined> => {
  const route = await host.routeTo(address)
  return route?.mtu ?? (route?.dev === undefined ? undefined : (await host.link(route.dev))?.mtu)
}

const defaultRouteMtu = async (host: Host): Promise<number | undefined> => {
  const routes = await host.routes({ family: 4 })
  const first = routes.find((route) => route.dst.prefixLength === 0)
  return first?.mtu ?? (first?.dev === undefined ? undefined : (await host.link(first.dev))?.mtu)
}
