// SPDX-License-Identifier: MIT
import type { Endpoint } from '@wgq/model/endpoint'
import { formatIp, parseIp } from '@wgq/model/ip'
import { malformedReply } from './malformed-reply.ts'

/** AF_INET of all BSDs. */
export const afInet = 2

/** AF_INET6 of each system; the one number of sockaddr on which they differ. */
export const afInet6 = { freebsd: 28, openbsd: 24, netbsd: 24 } as const

/** Bytes of struct sockaddr_in. */
export const sockaddrIn = 16

/** Bytes of struct sockaddr_in6. */
export const sockaddrIn6 = 28

/** Finds the index of an interface by its name (if_nametoindex); undefined when there is none. */
export type InterfaceIndex = (name: string) => number | undefined

/**
 * struct sockaddr_in (16 bytes) or sockaddr_in6 (28 bytes) of an endpoint, length byte filled (OpenBSD sends by it).
 * Raises `Error` never; an unknown zone gives scope 0, which the kernel refuses by itself.
 */
export const encodeSockaddr = (endpoint: Endpoint, inet6: number, interfaceIndex: InterfaceIndex): Buffer => {
  const address = parseIp(endpoint.address) ?? new Uint8Array(endpoint.family === 4 ? 4 : 16)
  const out = Buffer.alloc(endpoint.family === 4 ? sockaddrIn : sockaddrIn6)
  out[0] = out.length
  out[1] = endpoint.family === 4 ? afInet : inet6
  out.writeUInt16BE(endpoint.port, 2)
  out.set(address, endpoint.family === 4 ? 4 : 8)
  if (endpoint.zone !== undefined) out.writeUInt32LE(scopeId(endpoint.zone, interfaceIndex), 24)
  return out
}

const scopeId = (zone: string, interfaceIndex: InterfaceIndex): number =>
  /^[0-9]{1,9}$/.test(zone) ? Number(zone) : (interfaceIndex(zone) ?? 0)

/**
 * The endpoint of a sockaddr that starts at byte 0 of `bytes`; what follows it is ignored (OpenBSD stores both kinds in a
 * union of 28 bytes). The zone is the scope id as a number. Raises `E_DEVICE` for an unknown family or too few bytes.
 */
export const decodeSockaddr = (bytes: Buffer, inet6: number): Endpoint => {
  const family = bytes[1]
  if (family === afInet && bytes.length >= sockaddrIn) {
    return { family: 4, address: formatIp(bytes.subarray(4, 8)), port: bytes.readUInt16BE(2) }
  }
  if (family === inet6 && bytes.length >= sockaddrIn6) {
    const scope = bytes.readUInt32LE(24)
    const base = {
      family: 6,
      address: formatIp(bytes.subarray(8, 24)),
      port: bytes.readUInt16BE(2),
    } as const
    return scope === 0 ? base : { ...base, zone: String(scope) }
  }
  throw malformedReply(
    'endpoint',
    `family ${afInet} or ${inet6}`,
    `family ${family} in ${bytes.length} bytes`,
  )
}
