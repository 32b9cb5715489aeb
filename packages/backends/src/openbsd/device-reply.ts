// SPDX-License-Identifier: MIT
import type { Cidr } from '@wgq/model/cidr'
import type { Device, Peer } from '@wgq/model/device'
import { formatIp } from '@wgq/model/ip'
import { type Key, keyFromBytes } from '@wgq/model/key'
import { malformedReply } from '../bsd/malformed-reply.ts'
import { afInet, afInet6, decodeSockaddr, sockaddrIn6 } from '../bsd/sockaddr.ts'
import {
  allowedIpRecord,
  interfaceFlag,
  interfaceRecord,
  type PeerRecord,
  peerField,
  peerFlag,
  peerRecord73,
  peerRecord74,
} from './layout.ts'

/**
 * The device that SIOCGWG of OpenBSD describes. The two layouts share their ioctl numbers, so the walk must end exactly
 * at the end of the reply; where it does not with `expected`, the other layout is tried. Raises `E_DEVICE` (`EPROTO`)
 * when neither fits.
 */
export const decodeDevice = (name: string, reply: Buffer, expected: PeerRecord): Device => {
  const other = expected === peerRecord74 ? peerRecord73 : peerRecord74
  if (fits(reply, expected)) return decodeWith(name, reply, expected)
  if (fits(reply, other)) return decodeWith(name, reply, other)
  throw malformedReply('peers', 'records that fill the reply', `${reply.length} bytes of another layout`)
}

/** Walks the counts alone and says whether they end at the end of the reply. */
const fits = (reply: Buffer, layout: PeerRecord): boolean => {
  if (reply.length < interfaceRecord.bytes) return false
  let at: number = interfaceRecord.bytes
  const peers = count(reply, interfaceRecord.peerCount)
  for (let i = 0; i < peers; i++) {
    if (at + layout.bytes > reply.length) return false
    at += layout.bytes + count(reply, at + layout.allowedIpCount) * allowedIpRecord.bytes
  }
  return at === reply.length
}

const decodeWith = (name: string, reply: Buffer, layout: PeerRecord): Device => {
  const flags = reply[interfaceRecord.flags] as number
  const peers: Peer[] = []
  let at: number = interfaceRecord.bytes
  while (at < reply.length) {
    const allowedIps = count(reply, at + layout.allowedIpCount)
    const end = at + layout.bytes + allowedIps * allowedIpRecord.bytes
    peers.push(decodePeer(reply.subarray(at, end), layout))
    at = end
  }
  return {
    name,
    ...(flags & interfaceFlag.hasPrivate ? { privateKey: key(reply, interfaceRecord.privateKey) } : {}),
    ...(flags & interfaceFlag.hasPublic ? { publicKey: key(reply, interfaceRecord.publicKey) } : {}),
    listenPort: flags & interfaceFlag.hasPort ? reply.readUInt16LE(interfaceRecord.port) : 0,
    fwmark: flags & interfaceFlag.hasRtable ? reply.readInt32LE(interfaceRecord.rtable) >>> 0 : 0,
    peers,
  }
}

const decodePeer = (record: Buffer, layout: PeerRecord): Peer => {
  const flags = record.readInt32LE(peerField.flags)
  if ((flags & peerFlag.hasPublic) === 0) throw malformedReply('peer', 'a public key', 'none')
  const endpoint = record.subarray(peerField.endpoint, peerField.endpoint + sockaddrIn6)
  return {
    publicKey: key(record, peerField.publicKey),
    ...(flags & peerFlag.hasPsk ? { presharedKey: key(record, peerField.presharedKey) } : {}),
    ...(flags & peerFlag.hasEndpoint ? { endpoint: decodeSockaddr(endpoint, afInet6.openbsd) } : {}),
    allowedIps: decodeAllowedIps(record.subarray(layout.bytes)),
    lastHandshake: {
      seconds: record.readBigInt64LE(peerField.handshakeSeconds),
      nanoseconds: Number(record.readBigInt64LE(peerField.handshakeNanoseconds)),
    },
    rxBytes: record.readBigUInt64LE(peerField.rxBytes),
    txBytes: record.readBigUInt64LE(peerField.txBytes),
    keepaliveSeconds: flags & peerFlag.hasKeepalive ? record.readUInt16LE(peerField.keepaliveSeconds) : 0,
  }
}

const decodeAllowedIps = (records: Buffer): Cidr[] => {
  const out: Cidr[] = []
  for (let at = 0; at < records.length; at += allowedIpRecord.bytes) {
    const family = records[at + allowedIpRecord.family] as number
    if (family !== afInet && family !== afInet6.openbsd)
      throw malformedReply('allowed ip', `family ${afInet} or ${afInet6.openbsd}`, String(family))
    const bytes = family === afInet ? 4 : 16
    const prefixLength = records.readInt32LE(at + allowedIpRecord.prefixLength)
    if (prefixLength < 0 || prefixLength > bytes * 8)
      throw malformedReply('allowed ip', `a prefix length of 0 to ${bytes * 8}`, String(prefixLength))
    const address = records.subarray(at + allowedIpRecord.address, at + allowedIpRecord.address + bytes)
    out.push({ family: bytes === 4 ? 4 : 6, address: formatIp(address), prefixLength })
  }
  return out
}

/** A u64 count. One above 2^53 cannot be right and stays too large to fit. */
const count = (bytes: Buffer, at: number): number => Number(bytes.readBigUInt64LE(at))

const key = (bytes: Buffer, at: number): Key => keyFromBytes(bytes.subarray(at, at + 32))
