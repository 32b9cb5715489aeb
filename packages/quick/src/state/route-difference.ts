// SPDX-License-Identifier: MIT
import { formatCidr } from '@wgq/model/cidr'
import type { Op } from '@wgq/model/operation'
import { routeId } from './routes.ts'
import type { Seen } from './seen.ts'
import type { TunnelRoute, TunnelState } from './tunnel-state.ts'

/** Missing routes, extra routes, and the operations that fix both. */
export interface RouteChanges {
  readonly missing: readonly TunnelRoute[]
  readonly extra: readonly TunnelRoute[]
  readonly additions: readonly Op[]
  readonly removals: readonly Op[]
  /** Routes that replace the network route of a deleted address: possible only after that is gone. */
  readonly replacements: readonly Op[]
}

/** Compares the routes of the interface in all tables. */
export const planRoutes = (dev: string, seen: Seen, wanted: TunnelState): RouteChanges => {
  const idOf = ({ dst, table }: TunnelRoute) => routeId(dst, table)
  const own = seen.state.routes.map(idOf)
  const wantedIds = wanted.routes.map(idOf)
  const present = new Set([...own, ...seen.foreignRoutes.map(idOf)])
  const wants = new Set(wantedIds)
  const missing = wanted.routes.filter((_, at) => !present.has(wantedIds[at] as string))
  const extra = seen.state.routes.filter((_, at) => !wants.has(own[at] as string))
  const where = ({ table }: TunnelRoute) => (table === seen.mainTable ? {} : { table })
  const add = (route: TunnelRoute): Op => ({ do: 'route.add', dev, dst: route.dst, ...where(route) })
  const isReplacement = ({ dst, table }: TunnelRoute) =>
    dst.family === 4 && table === seen.mainTable && seen.networks.has(formatCidr(dst))
  const additions = missing.filter((route) => !isReplacement(route)).map(add)
  return {
    missing,
    extra,
    additions: [...(additions.length > 0 ? makeRoom(seen, missing) : []), ...additions],
    replacements: missing.filter(isReplacement).map(add),
    removals: extra.map((route) => ({
      do: 'route.delete',
      dev,
      dst: route.dst,
      ...where(route),
      ...(route.metric === undefined || route.dst.family === 4 ? {} : { metric: route.metric }),
      ...(route.protocol === undefined ? {} : { protocol: route.protocol }),
    })),
  }
}

/** Removes default routes of others from the tunnel's own tables, to make room for its own. */
const makeRoom = ({ strayDefaults }: Seen, missing: readonly TunnelRoute[]): Op[] =>
  strayDefaults
    .filter(({ dst, table }) =>
      missing.some((route) => routeId(route.dst, route.table) === routeId(dst, table)),
    )
    .map(({ dst, dev, table, metric }) => ({
      do: 'route.delete',
      dev,
      dst,
      table,
      ...(metric === undefined ? {} : { metric }),
    }))
