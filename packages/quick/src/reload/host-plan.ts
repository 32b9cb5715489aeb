// SPDX-License-Identifier: MIT
import type { Setting } from '@wgq/config/settings'
import { type Cidr, formatCidr, maskCidr, parseCidr } from '@wgq/model/cidr'
import type { Link, LinkAddress, Route } from '@wgq/model/host'
import type { Family } from '@wgq/model/ip'
import type { Op, Table } from '@wgq/model/operation'
import type { Difference } from '../state/device-difference.ts'
import { isDefault, planMainRoutes, planTableRoutes, type Routing } from '../state/routes.ts'

/** What is compared: the file on one side, the host and the journal on the other. */
export interface HostView {
  readonly link: Link
  readonly addresses: readonly LinkAddress[]
  /** Routes of the interface in the table that the file names (main for `auto`), both families. */
  readonly routes: readonly Route[]
  /** Inverses of what wgq did: only these objects are ever deleted. */
  readonly undo: readonly Op[]
}

/** What has to happen to addresses, MTU and routes. Additions go first, so that nothing is without a way meanwhile. */
export interface HostPlan {
  readonly additions: readonly Op[]
  readonly deletions: readonly Op[]
  /** Routes that take the place of the network of an address that goes: possible only after it went. */
  readonly replacements: readonly Op[]
  /** Default routes that come (as the file writes them) and the families whose default route goes. */
  readonly defaultsToAdd: readonly Cidr[]
  readonly defaultsToRemove: readonly Family[]
  readonly differences: readonly Difference[]
}

/**
 * Plans what makes addresses, MTU and routes of a running interface those of its file. `allowedIps` are the wanted ones,
 * sorted. Addresses and routes that something else added to the interface stay; so does an MTU that the file leaves open.
 */
export const planHost = (
  dev: string,
  file: {
    addresses: readonly Setting[]
    mtu: Setting | undefined
    routing: Routing
    allowedIps: readonly Cidr[]
    /** A default route is a route like any other: the interface is in a namespace of its own. */
    plainDefaults?: boolean
  },
  view: HostView,
): HostPlan => {
  const addresses = planAddressChanges(dev, file.addresses, view)
  const mtu: Op[] =
    file.mtu && file.mtu.value !== `${view.link.mtu}` ? [{ do: 'link.up', dev, mtu: file.mtu.value }] : []
  const gone = goneNetworks(addresses, file.addresses)
  const routes = planRouteChanges(dev, file, view, gone)
  const had = new Set(
    view.undo.flatMap((op) =>
      op.do === 'rule.delete' && op.rule.notFwmark !== undefined ? [op.rule.family] : [],
    ),
  )
  const wanted = file.routing.to === 'auto' && !file.plainDefaults ? file.allowedIps.filter(isDefault) : []
  const defaultsToAdd = wanted.filter(({ family }) => !had.has(family))
  const defaultsToRemove = [...had].filter((family) => !wanted.some((cidr) => cidr.family === family))
  const isReplacement = (op: Op) => 'dst' in op && op.table === undefined && gone.has(formatCidr(op.dst))
  const replacements = routes.additions.filter(isReplacement)
  const additions = [...addresses.additions, ...mtu, ...routes.additions.filter((op) => !isReplacement(op))]
  const deletions = [...routes.deletions, ...addresses.deletions]
  return {
    additions,
    deletions,
    replacements,
    defaultsToAdd,
    defaultsToRemove,
    differences: [
      ...mtu.map(() => ({ object: 'mtu', running: `${view.link.mtu}`, wanted: file.mtu?.value ?? '' })),
      ...[...additions, ...replacements].flatMap((op) => differenceOf(op, 'wanted')),
      ...deletions.flatMap((op) => differenceOf(op, 'running')),
      ...defaultsToAdd.map((cidr) => ({
        object: 'default route',
        id: formatCidr(cidr),
        wanted: 'through the tunnel',
      })),
      ...defaultsToRemove.map((family) => ({
        object: 'default route',
        id: family === 4 ? '0.0.0.0/0' : '::/0',
        running: 'through the tunnel',
      })),
    ],
  }
}

interface Changes {
  readonly additions: Op[]
  readonly deletions: Op[]
}

const planAddressChanges = (dev: string, wanted: readonly Setting[], view: HostView): Changes => {
  const present = new Set(view.addresses.map(({ cidr }) => formatCidr(cidr)))
  const shall = new Map(wanted.map(({ value }) => [canonical(value), value]))
  const additions: Op[] = [...shall]
    .filter(([id]) => !present.has(id))
    .map(([, address]) => ({ do: 'address.add', dev, family: address.includes(':') ? 6 : 4, address }))
  const deletions = view.undo.filter(
    (op) =>
      op.do === 'address.delete' && present.has(canonical(op.address)) && !shall.has(canonical(op.address)),
  )
  return { additions, deletions }
}

/** An address as the system lists it; texts that are none stay for the system to refuse. */
const canonical = (text: string): string => {
  const cidr = parseCidr(text)
  return cidr ? formatCidr(cidr) : text
}

/** Networks that the system's own routes lose with the addresses that go. */
const goneNetworks = (addresses: Changes, wanted: readonly Setting[]): Set<string> => {
  const stay = new Set(wanted.flatMap(({ value }) => networkOf(value)))
  return new Set(
    addresses.deletions
      .flatMap((op) => (op.do === 'address.delete' ? networkOf(op.address) : []))
      .filter((network) => !stay.has(network)),
  )
}

/** The network of an address with a mask, as text; none for a single address. */
const networkOf = (address: string): string[] => {
  const cidr = parseCidr(address)
  return cidr && cidr.prefixLength < (cidr.family === 4 ? 32 : 128) ? [formatCidr(maskCidr(cidr))] : []
}

const planRouteChanges = (
  dev: string,
  file: {
    addresses: readonly Setting[]
    routing: Routing
    allowedIps: readonly Cidr[]
    plainDefaults?: boolean
  },
  view: HostView,
  gone: ReadonlySet<string>,
): Changes => {
  const ours = view.undo.filter((op) => op.do === 'route.delete')
  const ids = (ops: readonly Op[]) =>
    new Set(ops.flatMap((op) => ('dst' in op ? [routeId(op.dst, op.table)] : [])))
  const oursById = ids(ours)
  const table = file.routing.to === 'table' ? file.routing.table : undefined
  const staying = view.routes.filter(
    ({ dst }) => table !== undefined || oursById.has(routeId(dst, table)) || !gone.has(formatCidr(dst)),
  )
  const foreign = staying.map(({ dst }) => dst).filter((dst) => !oursById.has(routeId(dst, undefined)))
  const networks = file.addresses.flatMap(({ value }) =>
    networkOf(value).flatMap((text) => parseCidr(text) ?? []),
  )
  const wanted = wantedRoutes(dev, file, [...networks, ...foreign])
  const wantedIds = ids(wanted)
  const present = new Set(staying.map(({ dst }) => routeId(dst, table)))
  return {
    additions: wanted.filter((op) => 'dst' in op && !present.has(routeId(op.dst, op.table))),
    // Default routes in a table of their own go with their rules.
    deletions: ours.filter(
      (op) =>
        !wantedIds.has(routeId(op.dst, op.table)) && !(isDefault(op.dst) && typeof op.table === 'number'),
    ),
  }
}

const wantedRoutes = (
  dev: string,
  file: { routing: Routing; allowedIps: readonly Cidr[]; plainDefaults?: boolean },
  existing: readonly Cidr[],
): Op[] => {
  if (file.routing.to === 'off') return []
  if (file.routing.to === 'table') return planTableRoutes(dev, file.routing.table, file.allowedIps)
  return planMainRoutes(
    dev,
    file.allowedIps.filter((cidr) => file.plainDefaults || !isDefault(cidr)),
    existing,
  )
}

const routeId = (dst: Cidr, table: Table | undefined): string =>
  `${table ?? 'main'} ${formatCidr(maskCidr(dst))}`

const differenceOf = (op: Op, side: 'wanted' | 'running'): Difference[] => {
  if (op.do === 'address.add' || op.do === 'address.delete')
    return [{ object: 'address', id: op.address, [side]: 'present' }]
  if (op.do === 'route.add' || op.do === 'route.delete')
    return [
      {
        object: 'route',
        id: formatCidr(op.dst),
        [side]: op.table === undefined ? 'table main' : `table ${op.table}`,
      },
    ]
  return []
}
