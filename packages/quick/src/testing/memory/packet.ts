// SPDX-License-Identifier: MIT
import { type Cidr, covers, parseCidr } from '@wgq/model/cidr'
import type { Route } from '@wgq/model/host'
import type { Firewall } from './firewall.ts'
import type { Network } from './network.ts'

/** The fate of a packet that a program of this machine sends. */
export type Fate = { readonly dev: string } | 'dropped'

/** The route of a packet by the policy rules; undefined if no table has one. */
export const wayOf = (network: Network, destination: Cidr, mark: number): Route | undefined => {
  for (const rule of network.rulesOf(destination.family)) {
    const to = rule.selectors?.to
    if (rule.selective && !(to && covers(to, destination))) continue
    if (rule.notFwmark !== undefined && rule.notFwmark === mark) continue
    if (rule.fwmark !== undefined && rule.fwmark !== mark) continue
    const route = longest(network, destination, Number(rule.table))
    if (!route) continue
    if (rule.suppressPrefixLength !== undefined && route.dst.prefixLength <= rule.suppressPrefixLength)
      continue
    return route
  }
  return undefined
}

/** Where a packet leaves, after routing and the kill switches. `udp`: only UDP packets pass by their mark. */
export const fateOf = (
  network: Network,
  firewall: Firewall,
  { to, mark = 0, udp = false }: { to: string; mark?: number; udp?: boolean },
): Fate => {
  const destination = parseCidr(to) as Cidr
  const route = wayOf(network, destination, mark)
  if (route?.dev === undefined) return 'dropped'
  return firewall.lets({ dev: route.dev, mark, udp }) ? { dev: route.dev } : 'dropped'
}

const longest = (network: Network, destination: Cidr, table: number): Route | undefined => {
  let best: Route | undefined
  for (const route of network.routes) {
    if (route.table !== table || route.family !== destination.family || !covers(route.dst, destination))
      continue
    const nearer = best === undefined || route.dst.prefixLength > best.dst.prefixLength
    const cheaper =
      best !== undefined &&
      route.dst.prefixLength === best.dst.prefixLength &&
      (route.metric ?? 0) < (best.metric ?? 0)
    if (nearer || cheaper) best = route
  }
  return best
}
