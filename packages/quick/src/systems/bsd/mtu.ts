// SPDX-License-Identifier: MIT
import type { Host } from '@wgq/model/host'
import type { Reached } from '../system.ts'

/** The overhead of WireGuard per packet; upstream always uses the IPv6 figure. */
const overheadBytes = 80
const fallbackMtu = 1500

/**
 * The MTU of a tunnel whose file sets none: the largest MTU of the interfaces that lead to the endpoints, else that of
 * the default route's interface, else 1500, minus 80 (spec wg-quick §10, step 6; upstream changed to the smallest on
 * Linux only).
 */
export const largestMtu = async (host: Host, peers: readonly Reached[]): Promise<number> => {
  let largest = 0
  for (const { endpoint } of peers) {
    if (!endpoint || endpoint.zone !== undefined) continue
    largest = Math.max(largest, await mtuTowards(host, endpoint.address))
  }
  return (largest || (await mtuTowards(host, 'default')) || fallbackMtu) - overheadBytes
}

const mtuTowards = async (host: Host, address: string): Promise<number> => {
  const dev = (await host.routeTo(address))?.dev
  return dev === undefined ? 0 : ((await host.link(dev))?.mtu ?? 0)
}
