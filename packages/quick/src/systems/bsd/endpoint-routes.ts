// SPDX-License-Identifier: MIT
import { familyFlag } from '@wgq/backends/bsd/dialect'
import type { Endpoint } from '@wgq/model/endpoint'
import type { Route } from '@wgq/model/host'
import type { Family } from '@wgq/model/ip'

/** A host route that keeps the encrypted packets to an endpoint out of the tunnel. */
interface EndpointRoute {
  readonly family: Family
  readonly address: string
}

/** The input of the endpoint routes; kept in a file that `up`, the route monitor and `down` share. */
export interface EndpointRouteState {
  /** Families whose default route goes through the tunnel. */
  readonly families: readonly Family[]
  /** The gateway of each family when the routes were made; absent if there was none. */
  readonly gateways: Readonly<Partial<Record<Family, string>>>
  readonly added: readonly EndpointRoute[]
  /** Process number of the route monitor. */
  readonly monitor?: number
}

/** Commands to run, ignoring failures, and the state after them. */
interface EndpointRoutePlan {
  readonly commands: readonly (readonly string[])[]
  readonly state: EndpointRouteState
}

/**
 * Updates the endpoint routes (spec wg-quick §10.1): if a gateway changed, deletes and adds all again, else deletes the
 * routes of vanished endpoints and adds those of new ones. Without a gateway the route is a blackhole, so that the
 * tunnel cannot carry its own packets.
 */
export const planEndpointRoutes = (
  before: EndpointRouteState,
  gateways: EndpointRouteState['gateways'],
  endpoints: readonly Endpoint[],
): EndpointRoutePlan => {
  const wanted = hostsOf(endpoints, before.families)
  const moved = before.families.some((family) => before.gateways[family] !== gateways[family])
  const stale = moved
    ? [...wanted, ...before.added.filter((old) => !includes(wanted, old))]
    : before.added.filter((old) => !includes(wanted, old))
  const fresh = moved ? wanted : wanted.filter((route) => !includes(before.added, route))
  return {
    commands: [...stale.map(deletion), ...fresh.map((route) => addition(route, gateways[route.family]))],
    state: { ...before, gateways, added: wanted },
  }
}

/** The commands that delete all endpoint routes. */
export const planEndpointRouteRemoval = (state: EndpointRouteState): readonly (readonly string[])[] =>
  state.added.map(deletion)

/**
 * The gateway of the first default route in a listing: its address, or `DEV` as `interface:DEV` if the uplink has no
 * gateway (a point-to-point line).
 */
export const firstGateway = (routes: readonly Route[]): string | undefined => {
  const first = routes.find((route) => route.dst.prefixLength === 0)
  return first?.gateway ?? (first?.dev === undefined ? undefined : `${interfacePrefix}${first.dev}`)
}

const interfacePrefix = 'interface:'

/** Endpoints with a zone are on-link and need no route; upstream's pattern skips them too. */
const hostsOf = (endpoints: readonly Endpoint[], families: readonly Family[]): EndpointRoute[] => {
  const out: EndpointRoute[] = []
  for (const { family, address, zone } of endpoints) {
    const route = { family, address }
    if (zone === undefined && families.includes(family) && !includes(out, route)) out.push(route)
  }
  return out
}

const includes = (routes: readonly EndpointRoute[], wanted: EndpointRoute): boolean =>
  routes.some((route) => route.address === wanted.address)

const deletion = ({ family, address }: EndpointRoute): string[] => [
  ...['route', '-q', '-n', 'delete', familyFlag(family), address],
]

const addition = ({ family, address }: EndpointRoute, gateway: string | undefined): string[] => {
  const words = ['route', '-q', '-n', 'add', familyFlag(family), address]
  if (gateway === undefined) return [...words, family === 4 ? '127.0.0.1' : '::1', '-blackhole']
  if (gateway.startsWith(interfacePrefix))
    return [...words, '-interface', gateway.slice(interfacePrefix.length)]
  return [...words, '-gateway', gateway]
}
