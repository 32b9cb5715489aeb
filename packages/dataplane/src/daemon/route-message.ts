// SPDX-License-Identifier: MIT
import type { MessageWriter } from '@wgq/netlink/message-writer'
import { addressFamily, flag } from '@wgq/netlink/protocol'
import { messagesOfTypes, nestedAttributes, numberAt, request } from './kernel-message.ts'

// Routes of this machine. rtnetlink.h
const type = { new: 24, delete: 25, get: 26 } as const
const attribute = {
  destination: 1,
  source: 2,
  outputLink: 4,
  priority: 6,
  preferredSource: 7,
  metrics: 8,
  table: 15,
  mark: 16,
} as const
const metricMtu = 2
const routeBytes = 12
const typeLocal = 2

/** `ip route get DST from SRC mark MARK`, or without the source. */
export const routeQuery = (destination: Buffer, source: Buffer | undefined, mark: number): Buffer =>
  request(type.get, 0, (writer) => {
    header(writer, familyOf(destination), destination.length * 8, (source?.length ?? 0) * 8)
    writer.bytesAttribute(attribute.destination, destination)
    if (source) writer.bytesAttribute(attribute.source, source)
    if (mark !== 0) writer.u32Attribute(attribute.mark, mark)
  })

/** `ip route get ADDRESS`. */
export const localQuery = (address: Buffer): Buffer => routeQuery(address, undefined, 0)

/** Whether the address belongs to this machine, by the answer to {@link localQuery}. */
export const isLocal = (datagram: Uint8Array): boolean => routes(datagram)[0]?.fixed[7] === typeLocal

/** Output interface of the answer to {@link routeQuery}; undefined if there is no such route (any more). */
export const routeInterface = (datagram: Uint8Array): number | undefined =>
  numberAt(routes(datagram)[0]?.attributes.get(attribute.outputLink))

/** The source that the system would use, by the answer to {@link routeQuery}; undefined if it names none. */
export const preferredSource = (datagram: Uint8Array): Buffer | undefined =>
  routes(datagram)[0]?.attributes.get(attribute.preferredSource)

/** `ip -FAMILY route show dev INDEX table all`. */
export const routesQuery = (family: 4 | 6, index: number): Buffer =>
  request(type.get, flag.dump, (writer) => {
    header(writer, addressFamily[family], 0, 0)
    writer.u32Attribute(attribute.outputLink, index)
  })

/** A route and the MTU set on it; no MTU if the route was deleted. */
export interface RouteMtu {
  /** Identifies the route. */
  readonly route: string
  readonly index: number
  readonly mtu: number | undefined
}

/** Reads the routes of a datagram that have an MTU or were deleted. */
export const readRouteMtus = (datagram: Uint8Array): RouteMtu[] => {
  const found: RouteMtu[] = []
  for (const { type: kind, fixed, attributes } of routes(datagram, [type.new, type.delete])) {
    const index = numberAt(attributes.get(attribute.outputLink))
    const metrics = attributes.get(attribute.metrics)
    const mtu = metrics && numberAt(nestedAttributes(metrics).get(metricMtu))
    if (index === undefined || mtu === undefined) continue
    const names = [attribute.destination, attribute.table, attribute.priority]
    const route = [
      fixed.toString('hex', 0, 4),
      ...names.map((name) => attributes.get(name)?.toString('hex')),
    ].join()
    found.push({ route, index, mtu: kind === type.new ? mtu : undefined })
  }
  return found
}

// --- internal ---

const routes = (datagram: Uint8Array, types: readonly number[] = [type.new]) =>
  messagesOfTypes(datagram, types, routeBytes)

const familyOf = (address: Buffer): number => addressFamily[address.length === 4 ? 4 : 6]

const header = (writer: MessageWriter, family: number, destinationBits: number, sourceBits: number): void => {
  for (const value of [family, destinationBits, sourceBits, 0]) writer.u8(value)
  writer.u32(0)
  writer.u32(0)
}
