// SPDX-License-Identifier: MIT
import type { Endpoint } from '@wgq/model/endpoint'
import { formatIp, parseIp } from '@wgq/model/ip'
import { endpointRecordBytes } from '@wgq/native/engine'
import { littleEndian } from '@wgq/netlink/byte-order'

/** Finds the index of an interface by name; undefined when there is none. */
export type InterfaceIndex = (name: string) => number | undefined

/** The engine's record of an endpoint, without a source. Undefined if its zone names no interface. */
export const encodeEndpoint = (endpoint: Endpoint, interfaceIndex: InterfaceIndex): Buffer | undefined => {
  const address = parseIp(endpoint.address)
  const scope = endpoint.zone === undefined ? 0 : zoneIndex(endpoint.zone, interfaceIndex)
  if (!address || scope === undefined) return undefined
  const record = Buffer.alloc(endpointRecordBytes)
  record[0] = endpoint.family
  if (littleEndian) {
    record.writeUInt16LE(endpoint.port, 2)
    record.writeUInt32LE(scope, 4)
  } else {
    record.writeUInt16BE(endpoint.port, 2)
    record.writeUInt32BE(scope, 4)
  }
  record.set(address, 8)
  return record
}

/** The destination of a record; a scope becomes a zone, by name where the interface still exists. */
export const decodeEndpoint = (
  record: Uint8Array,
  interfaceName: (index: number) => string | undefined,
): Endpoint => {
  const view = Buffer.from(record.buffer, record.byteOffset, record.length)
  const family = view[0] === 4 ? 4 : 6
  const address = formatIp(view.subarray(8, family === 4 ? 12 : 24))
  const port = littleEndian ? view.readUInt16LE(2) : view.readUInt16BE(2)
  const scope = littleEndian ? view.readUInt32LE(4) : view.readUInt32BE(4)
  const base = { family, address, port } as const
  return scope === 0 ? base : { ...base, zone: interfaceName(scope) ?? String(scope) }
}

/** Whether two records have the same address and port, and the same zone unless `zone` allows any. */
export const samePlace = (a: Uint8Array, b: Uint8Array, zone?: 'in any zone'): boolean =>
  [...a.subarray(0, 24)].every(
    (byte, at) => byte === b[at] || (zone !== undefined && at >= zoneBytes.from && at < zoneBytes.to),
  )

/** Byte range of the zone in a record. */
const zoneBytes = { from: 4, to: 8 } as const

/** Whether a record has a source to send from. */
export const hasSource = (record: Uint8Array): boolean => record[24] !== 0

/** Index of the interface the source was learned on; 0 when there is no learned source. */
export const sourceInterface = (record: Uint8Array): number => {
  const view = Buffer.from(record.buffer, record.byteOffset, record.length)
  if (!hasSource(record)) return 0
  return littleEndian ? view.readUInt32LE(28) : view.readUInt32BE(28)
}

/** The learned local address of a record; undefined when there is none. */
export const sourceAddress = (record: Uint8Array): Buffer | undefined => {
  const family = record[24]
  if (family !== 4 && family !== 6) return undefined
  return Buffer.from(record.subarray(32, family === 4 ? 36 : 48))
}

/** The peer's address in a record. */
export const peerAddress = (record: Uint8Array): Buffer =>
  Buffer.from(record.subarray(8, record[0] === 4 ? 12 : 24))

/**
 * The addresses of a record whose learned source depends on the routes; undefined if there is no such source: none was
 * learned, or it is link-local and bound to its interface by the scope of the endpoint. A record whose addresses are of
 * different families is `wrong`.
 */
export const routedAddresses = (
  record: Uint8Array,
): { readonly source: Buffer; readonly destination: Buffer } | 'wrong' | undefined => {
  const source = sourceAddress(record)
  if (!source) return undefined
  const destination = peerAddress(record)
  if (destination.length !== source.length) return 'wrong'
  const isLinkLocal = destination[0] === 0xfe && ((destination[1] as number) & 0xc0) === 0x80
  return isLinkLocal ? undefined : { source, destination }
}

/** The record with a source to send from: an address of the same family, and the interface that it is for. */
export const withSource = (record: Uint8Array, address: Uint8Array, index: number): Buffer => {
  const changed = Buffer.from(record)
  changed.fill(0, 24)
  changed[24] = changed[0] as number
  if (littleEndian) changed.writeUInt32LE(index, 28)
  else changed.writeUInt32BE(index, 28)
  changed.set(address, 32)
  return changed
}

const zoneIndex = (zone: string, interfaceIndex: InterfaceIndex): number | undefined =>
  /^[0-9]+$/.test(zone) ? Number(zone) : interfaceIndex(zone)
