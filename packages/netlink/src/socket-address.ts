// SPDX-License-Identifier: MIT
import type { Endpoint } from '@wgq/model/endpoint'
import { WgqError } from '@wgq/model/error'
import { formatIp, parseIp } from '@wgq/model/ip'
import { littleEndian } from './byte-order.ts'
import { addressFamily } from './protocol.ts'

const ipv4Bytes = 16
const ipv6Bytes = 28

/** An endpoint as struct sockaddr_in or sockaddr_in6. Its zone, where it has one, is the index of an interface. */
export const encodeSocketAddress = (endpoint: Endpoint): Uint8Array => {
  const address = parseIp(endpoint.address)
  if (!address) throw new WgqError('E_ENDPOINT', `Expected an IP address, found "${endpoint.address}"`)
  const ipv4 = address.length === 4
  const bytes = new Uint8Array(ipv4 ? ipv4Bytes : ipv6Bytes)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, ipv4 ? addressFamily[4] : addressFamily[6], littleEndian)
  view.setUint16(2, endpoint.port, false)
  bytes.set(address, ipv4 ? 4 : 8)
  if (!ipv4) view.setUint32(24, Number(endpoint.zone ?? 0), littleEndian)
  return bytes
}

/** Reads a socket address, the zone as an index; undefined for other families and lengths. */
export const decodeSocketAddress = (bytes: Uint8Array): Endpoint | undefined => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length !== ipv4Bytes && bytes.length !== ipv6Bytes) return undefined
  const family = view.getUint16(0, littleEndian)
  const port = view.getUint16(2, false)
  if (family === addressFamily[4] && bytes.length === ipv4Bytes)
    return { family: 4, address: formatIp(bytes.subarray(4, 8)), port }
  if (family !== addressFamily[6] || bytes.length !== ipv6Bytes) return undefined
  const scope = view.getUint32(24, littleEndian)
  const endpoint = { family: 6, address: formatIp(bytes.subarray(8, 24)), port } as const
  return scope === 0 ? endpoint : { ...endpoint, zone: String(scope) }
}
