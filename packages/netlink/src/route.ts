// SPDX-License-Identifier: MIT
import type { Route, RouteType } from '@wgq/model/host'
import { type Family, formatIp } from '@wgq/model/ip'
import { littleEndian } from './byte-order.ts'
import { type BatchRequest, type Exchange, isRefusal } from './exchange.ts'
import { type AttributeCursor, attributesOf, type Message } from './message-reader.ts'
import type { MessageWriter } from './message-writer.ts'
import { addressFamily, flag } from './protocol.ts'

/** rtnetlink message types of routes. */
const routeType = { new: 24, delete: 25, get: 26 } as const

/** RT_TABLE_MAIN. */
export const mainTable = 254

// rtnetlink.h
const attribute = {
  destination: 1,
  interface: 4,
  gateway: 5,
  priority: 6,
  source: 7,
  metrics: 8,
  table: 15,
  mark: 16,
} as const
/** RTAX_LOCK is a bit mask of the metrics that are locked. */
const lockMetric = 1
const mtuMetric = 2
const scope = { universe: 0, link: 253, nowhere: 255 } as const
/** rtm_type. */
const unicast = 1
const unreachableType = 7
const clonedFlag = 0x200
const lookupTableFlag = 0x1000
const headerBytes = 12

/** A route to an interface, by number. */
export interface NumberedRoute {
  readonly index: number
  readonly destination: Uint8Array
  readonly prefixLength: number
  readonly table: number
  /** By default the kernel chooses; a deletion without a metric removes the first route to the destination. */
  readonly metric?: number
  /** RTPROT_ number; a deletion removes only a route with it. */
  readonly protocol?: number
}

/** `ip -4|-6 route add DESTINATION dev DEV table TABLE`, with the given RTPROT_ number. */
export const addRoute = (route: NumberedRoute, protocol: number): BatchRequest => ({
  type: routeType.new,
  flags: flag.create | flag.exclusive,
  fill: (writer) => {
    const ipv4 = route.destination.length === 4
    header(writer, route, protocol, ipv4 ? scope.link : scope.universe, unicast)
    target(writer, route)
  },
})

/** `ip -4|-6 route delete DESTINATION dev DEV table TABLE`: whatever its scope, type and protocol. */
export const deleteRoute = (route: NumberedRoute): BatchRequest => ({
  type: routeType.delete,
  flags: 0,
  fill: (writer) => {
    header(writer, route, route.protocol ?? 0, scope.nowhere, 0)
    target(writer, route)
  },
})

/**
 * `ip -4|-6 route replace|delete unreachable default table TABLE metric 4294967295`: the last route of a table, which
 * rejects packets that match no other. An interrupted run may have left one.
 */
export const changeFloor = (
  act: 'new' | 'delete',
  { family, table }: { readonly family: Family; readonly table: number },
  protocol: number,
): BatchRequest => ({
  type: routeType[act],
  flags: act === 'new' ? flag.create | flag.replace : 0,
  fill: (writer) => {
    const number = table < 256 ? table : 0
    fields(writer, addressFamily[family], 0, number, protocol, scope.universe, unreachableType, 0)
    if (table >= 256) writer.u32Attribute(attribute.table, table)
    writer.u32Attribute(attribute.priority, worstMetric)
  },
})

/** The largest metric: every other route of the table comes first. */
export const worstMetric = 0xffff_ffff

/** An observed route with the index of its interface. */
export type ObservedRoute = Omit<Route, 'dev'> & { readonly index?: number; readonly source?: string }

/**
 * `ip -4|-6 route show table TABLE [dev DEV]`, without the kernel's cached clones; table 0 means all. A table that does
 * not exist is empty.
 */
export const listRoutes = async (
  exchange: Exchange,
  query: { family: Family; table: number; index?: number },
): Promise<ObservedRoute[]> => {
  let routes: ObservedRoute[] = []
  const read = (message: Message): void => {
    const route = message.type === routeType.new ? readRoute(message) : undefined
    if (!route || route.family !== query.family || (query.table !== 0 && route.table !== query.table)) return
    if (message.view.getUint32(message.start + 8, littleEndian) & clonedFlag) return
    if (query.index === undefined || route.index === query.index) routes.push(route)
  }
  const fill = (writer: MessageWriter): void => {
    fields(writer, addressFamily[query.family], 0, 0, 0, 0, 0, 0)
    // The kernel applies filters only with strict checking; otherwise we filter.
    if (query.table !== 0) writer.u32Attribute(attribute.table, query.table)
    if (query.index !== undefined) writer.u32Attribute(attribute.interface, query.index)
  }
  const restart = (): void => {
    routes = []
  }
  try {
    await exchange.dump(routeType.get, 0, fill, { read, restart })
  } catch (error) {
    if (isRefusal(error, 'ENOENT')) return []
    throw error
  }
  return routes
}

/**
 * `ip route get ADDRESS [mark MARK]`; undefined if the kernel has no route there. A request that the kernel does not
 * understand raises {@link Refusal}.
 */
export const lookUpRoute = async (
  exchange: Exchange,
  address: Uint8Array,
  mark?: number,
): Promise<ObservedRoute | undefined> => {
  try {
    return await askRoute(exchange, address, mark)
  } catch (error) {
    if (isRefusal(error, ...unreachable)) return undefined
    // A blackhole route answers EINVAL without an extended error; with one, the request itself is wrong.
    if (isRefusal(error, 'EINVAL') && error.extendedAck === undefined) return undefined
    throw error
  }
}

/** `ip route get ADDRESS [mark MARK]`: the kernel's answer; raises {@link Refusal} where it has none. */
export const askRoute = (
  exchange: Exchange,
  address: Uint8Array,
  mark?: number,
): Promise<ObservedRoute | undefined> => {
  const family = address.length === 4 ? 4 : 6
  return exchange.ask(
    routeType.get,
    0,
    (writer) => {
      // IPv6 always reports the table, and refuses the flag with strict checking.
      const flags = family === 4 ? lookupTableFlag : 0
      fields(writer, addressFamily[family], address.length * 8, 0, 0, 0, 0, flags)
      writer.bytesAttribute(attribute.destination, address)
      if (mark !== undefined) writer.u32Attribute(attribute.mark, mark)
    },
    readRoute,
  )
}

/** Errors of rejecting and missing routes; the last two: the kernel lacks the address family. */
const unreachable = [
  'ENETUNREACH',
  'EHOSTUNREACH',
  'EACCES',
  'EAGAIN',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'EAFNOSUPPORT',
  'EOPNOTSUPP',
]

/** Reads RTM_NEWROUTE or RTM_DELROUTE; undefined for families other than IP. */
export const readRoute = (message: Message): ObservedRoute | undefined => {
  const cursor = attributesOf(message, headerBytes)
  const family = familyOf(message.view.getUint8(message.start))
  if (family === undefined) return undefined
  const prefixLength = message.view.getUint8(message.start + 1)
  let table = message.view.getUint8(message.start + 4)
  const protocol = message.view.getUint8(message.start + 5)
  let destination: Uint8Array | undefined
  const found: { index?: number; gateway?: string; metric?: number; source?: string } & Mtu = {}
  while (cursor.next()) {
    if (cursor.type === attribute.destination) destination = cursor.address()
    else if (cursor.type === attribute.table) table = cursor.u32() ?? table
    else if (cursor.type === attribute.interface) put(found, 'index', cursor.u32())
    else if (cursor.type === attribute.priority) put(found, 'metric', cursor.u32())
    else if (cursor.type === attribute.gateway) put(found, 'gateway', textOf(cursor))
    else if (cursor.type === attribute.source) put(found, 'source', textOf(cursor))
    else if (cursor.type === attribute.metrics) Object.assign(found, mtuOf(cursor.nested()))
  }
  const address = destination ? formatIp(destination) : family === 4 ? '0.0.0.0' : '::'
  const type = typeNames[view8(message, 7)]
  return {
    family,
    dst: { family, address, prefixLength },
    table,
    protocol,
    ...found,
    ...(type === undefined ? {} : { type }),
  }
}

/** Names of rtm_type, by number; unicast (1) has none. */
const typeNames: Readonly<Record<number, RouteType>> = {
  2: 'local',
  3: 'broadcast',
  4: 'anycast',
  5: 'multicast',
  6: 'blackhole',
  7: 'unreachable',
  8: 'prohibit',
  9: 'throw',
}

const view8 = ({ view, start }: Message, offset: number): number => view.getUint8(start + offset)

const familyOf = (number: number): Family | undefined =>
  number === addressFamily[4] ? 4 : number === addressFamily[6] ? 6 : undefined

const put = <K extends string, V>(target: { [key in K]?: V }, key: K, value: V | undefined): void => {
  if (value !== undefined) target[key] = value
}

const textOf = (cursor: AttributeCursor): string | undefined => {
  const bytes = cursor.address()
  return bytes && formatIp(bytes)
}

type Mtu = { mtu?: number; mtuLocked?: true }

const mtuOf = (metrics: AttributeCursor): Mtu => {
  const found: Mtu = {}
  while (metrics.next())
    if (metrics.type === mtuMetric) put(found, 'mtu', metrics.u32())
    else if (metrics.type === lockMetric && ((metrics.u32() ?? 0) >> mtuMetric) & 1) found.mtuLocked = true
  return found
}

/** struct rtmsg; numbers of tables above 255 are in an attribute. */
const header = (
  writer: MessageWriter,
  route: NumberedRoute,
  protocol: number,
  routeScope: number,
  type: number,
): void => {
  const family = route.destination.length === 4 ? addressFamily[4] : addressFamily[6]
  const table = route.table < 256 ? route.table : 0
  fields(writer, family, route.prefixLength, table, protocol, routeScope, type, 0)
}

const fields = (
  writer: MessageWriter,
  family: number,
  prefixLength: number,
  table: number,
  protocol: number,
  routeScope: number,
  type: number,
  flags: number,
): void => {
  writer.u8(family)
  writer.u8(prefixLength)
  writer.u16(0) // source prefix length, TOS
  writer.u8(table)
  writer.u8(protocol)
  writer.u8(routeScope)
  writer.u8(type)
  writer.u32(flags)
}

const target = (writer: MessageWriter, route: NumberedRoute): void => {
  writer.bytesAttribute(attribute.destination, route.destination)
  if (route.table >= 256) writer.u32Attribute(attribute.table, route.table)
  writer.u32Attribute(attribute.interface, route.index)
  if (route.metric !== undefined) writer.u32Attribute(attribute.priority, route.metric)
}
