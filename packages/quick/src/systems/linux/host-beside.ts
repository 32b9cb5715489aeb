// SPDX-License-Identifier: MIT
import { covers, parseCidr } from '@wgq/model/cidr'
import type { Host, RouteLookup } from '@wgq/model/host'

/**
 * A host as it would be without a tunnel: hides the tunnel's routes, and looks up routes with the mark of its encrypted
 * packets.
 */
export const hostBeside = (host: Host, dev: string, mark: number): Host => ({
  links: () => host.links(),
  link: (name) => host.link(name),
  addresses: (name, family) => host.addresses(name, family),
  routes: async (query) => (await host.routes(query)).filter((route) => route.dev !== dev),
  rules: (family) => host.rules(family),
  routeTo: async (address, given) => {
    const way = await host.routeTo(address, given ?? (mark === 0 ? undefined : mark))
    return way?.dev === dev ? wayOutside(host, dev, address) : way
  },
  apply: (ops) => host.apply(ops),
  close: () => host.close(),
})

/** The route to an address in the main table, ignoring routes through an interface. */
const wayOutside = async (host: Host, dev: string, address: string): Promise<RouteLookup | undefined> => {
  const target = parseCidr(address)
  if (!target) return undefined
  const outside = (await host.routes({ family: target.family, table: 'main' })).filter(
    (route) => route.dev !== dev && covers(route.dst, target),
  )
  const [best] = outside.sort(
    (a, b) => b.dst.prefixLength - a.dst.prefixLength || (a.metric ?? 0) - (b.metric ?? 0),
  )
  if (best?.dev === undefined) return undefined
  return {
    dev: best.dev,
    ...(best.gateway === undefined ? {} : { gateway: best.gateway }),
    ...(best.mtu === undefined ? {} : { mtu: best.mtu }),
  }
}
