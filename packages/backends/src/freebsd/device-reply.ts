// SPDX-License-Identifier: MIT
import type { Cidr } from '@wgq/model/cidr'
import type { Device, Peer } from '@wgq/model/device'
import { formatIp } from '@wgq/model/ip'
import { type Key, keyFromBytes, zeroKey } from '@wgq/model/key'
import { malformedReply } from '../bsd/malformed-reply.ts'
import type { Memory } from '../bsd/memory.ts'
import { afInet6, decodeEndpoint } from '../bsd/sockaddr.ts'
import type { NvList } from './nvlist.ts'
import { lookup, lookupBytes, lookupNumber } from './nvlist-lookup.ts'

/**
 * The device that SIOCGWG of FreeBSD describes. Unknown names are ignored, as in the kernel's readers; a known name of
 * a wrong type, length or range raises `E_DEVICE` (errno `EPROTO`).
 */
export const deviceFromNvlist = (name: string, list: NvList, memory: Memory): Device => ({
  name,
  ...optional('privateKey', lookupKey(list, 'private-key')),
  ...optional('publicKey', lookupKey(list, 'public-key')),
  listenPort: lookupNumber(list, 'listen-port', 0xffff) ?? 0,
  fwmark: lookupNumber(list, 'user-cookie', 0xffffffff) ?? 0,
  peers: (lookup(list, 'peers', 'nvlist[]') ?? []).map((peer) => peerFromNvlist(peer, memory)),
})

const peerFromNvlist = (list: NvList, memory: Memory): Peer => {
  const publicKey = lookupKey(list, 'public-key')
  if (!publicKey) throw malformedReply('peer', 'a public-key', 'none')
  const presharedKey = lookupKey(list, 'preshared-key')
  const endpoint = lookup(list, 'endpoint', 'binary')
  return {
    publicKey,
    // Always present for root, zeros when none is set.
    ...optional('presharedKey', presharedKey === zeroKey ? undefined : presharedKey),
    ...(endpoint ? decodeEndpoint(endpoint, afInet6.freebsd, memory) : {}),
    allowedIps: (lookup(list, 'allowed-ips', 'nvlist[]') ?? []).map(cidrFromNvlist),
    lastHandshake: handshake(lookupBytes(list, 'last-handshake-time', [16]), memory),
    rxBytes: lookup(list, 'rx-bytes', 'number') ?? 0n,
    txBytes: lookup(list, 'tx-bytes', 'number') ?? 0n,
    keepaliveSeconds: lookupNumber(list, 'persistent-keepalive-interval', 0xffff) ?? 0,
  }
}

const lookupKey = (list: NvList, name: string): Key | undefined => {
  const bytes = lookupBytes(list, name, [32])
  return bytes && keyFromBytes(bytes)
}

const cidrFromNvlist = (list: NvList): Cidr => {
  const address = lookupBytes(list, 'ipv4', [4]) ?? lookupBytes(list, 'ipv6', [16])
  if (!address) throw malformedReply('allowed ip', 'ipv4 or ipv6', 'neither')
  const prefixLength = lookupNumber(list, 'cidr', address.length * 8)
  if (prefixLength === undefined) throw malformedReply('allowed ip', 'a cidr', 'none')
  return { family: address.length === 4 ? 4 : 6, address: formatIp(address), prefixLength }
}

/** struct timespec64 of the wall clock: i64 seconds, i64 nanoseconds; zeros mean never. */
const handshake = (bytes: Buffer | undefined, memory: Memory): Peer['lastHandshake'] => {
  if (!bytes) return { seconds: 0n, nanoseconds: 0 }
  return { seconds: memory.i64(bytes, 0), nanoseconds: Number(memory.i64(bytes, 8)) }
}

const optional = <K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } =>
  (value === undefined ? {} : { [key]: value }) as { [P in K]?: V }
