// SPDX-License-Identifier: MIT
import type { Endpoint } from '@wgq/model/endpoint'
import { formatIp, parseIp } from '@wgq/model/ip'
import type { Memory } from './memory.ts'

/** AF_INET of all BSDs. */
export const afInet = 2

/** AF_INET6 of each system; the only number of sockaddr that differs. */
export const afInet6 = { freebsd: 28, openbsd: 24, netbsd: 24 } as const

/** Bytes of struct sockaddr_in. */
export const sockaddrIn = 16

/** Bytes of struct sockaddr_in6. */
export const sockaddrIn6 = 28

/** Finds the index of an interface by its name (if_nametoindex); undefined when there is none. */
export type InterfaceIndex = (name: string) => number | undefined

/**
 * struct sockaddr_in (16 bytes) or sockaddr_in6 (28 bytes) of an endpoint, length byte filled (OpenBSD uses it to
 * send). Never raises an error; an unknown zone gives scope 0, which the kernel refuses.
 */
export const encodeSockaddr = (
  endpoint: Endpoint,
  inet6: number,
  interfaceIndex: InterfaceIndex,
  memory: Memory,
): Buffer => {
  const address = parseIp(endpoint.address) ?? new Uint8Array(endpoint.family === 4 ? 4 : 16)
  const out = Buffer.alloc(endpoint.family === 4 ? sockaddrIn : sockaddrIn6)
  out[0] = out.length
  out[1] = endpoint.family === 4 ? afInet : inet6
  out.writeUInt16BE(endpoint.port, 2)
  out.set(address, endpoint.family === 4 ? 4 : 8)
  if (endpoint.zone !== undefined) memory.setU32(out, 24, scopeId(endpoint.zone, interfaceIndex))
  return out
}

const scopeId = (zone: string, interfaceIndex: InterfaceIndex): number =>
  /^[0-9]{1,9}$/.test(zone) ? Number(zone) : (interfaceIndex(zone) ?? 0)

/**
 * The endpoint of a sockaddr that starts at byte 0 of `bytes`; what follows it is ignored (OpenBSD stores both kinds in
 * a union of 28 bytes). The zone is the scope id as a number. An address of another family, or one too short for its
 * family, is not a usable endpoint: `note` describes it.
 */
export const decodeEndpoint = (
  bytes: Buffer,
  inet6: number,
  memory: Memory,
): { readonly endpoint?: Endpoint; readonly note?: string } => {
  const family = bytes[1]
  if (family === afInet && bytes.length >= sockaddrIn) {
    return { endpoint: { family: 4, address: formatIp(bytes.subarray(4, 8)), port: bytes.readUInt16BE(2) } }
  }
  if (family === inet6 && bytes.length >= sockaddrIn6) {
    const scope = memory.u32(bytes, 24)
    const base = {
      family: 6,
      address: formatIp(bytes.subarray(8, 24)),
      port: bytes.readUInt16BE(2),
    } as const
    return { endpoint: scope === 0 ? base : { ...base, zone: String(scope) } }
  }
  return {
    note: `the kernel has an endpoint of address family ${family ?? 'unknown'} (${bytes.length} bytes)`,
  }
}
