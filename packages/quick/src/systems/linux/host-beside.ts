// SPDX-License-Identifier: MIT
import type { Host } from '@wgq/model/host'

/**
 * A host as it would be without a tunnel: its routes are not seen, and look-ups go the way of its encrypted packets, which
 * have its mark.
 */
export const hostBeside = (host: Host, dev: string, mark: number): Host => ({
  links: () => host.links(),
  link: (name) => host.link(name),
  addresses: (name, family) => host.addresses(name, family),
  routes: async (query) => (await host.routes(query)).filter((route) => route.dev !== dev),
  rules: (family) => host.rules(family),
  routeTo: (address, given) => host.routeTo(address, given ?? (mark === 0 ? undefined : mark)),
  apply: (ops) => host.apply(ops),
  close: () => host.close(),
})
