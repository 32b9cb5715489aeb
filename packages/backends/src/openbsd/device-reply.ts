// SPDX-License-Identifier: MIT
import type { Cidr } from '@wgq/model/cidr'
import type { Device, Peer } from '@wgq/model/device'
import { formatIp } from '@wgq/model/ip'
import { type Key, keyFromBytes } from '@wgq/model/key'
import { malformedReply } from '../bsd/malformed-reply.ts'
import { afInet, afInet6, decodeEndpoint, sockaddrIn6 } from '../bsd/sockaddr.ts'
import { interfaceFlag, peerFlag, type Records } from './layout.ts'

/**
 * The device that SIOCGWG of OpenBSD describes. Both ABIs share their ioctl numbers, so the walk must end exactly at
 * the end of the reply: the first of `candidates` for which it does is used. Raises `E_DEVICE` (`EPROTO`) if none fits.
 */
export const decodeDevice = (name: string, reply: Buffer, candidates: readonly Records[]): Device => {
  const records = candidates.find((each) => fits(reply, each))
  if (records) return decodeWith(name, reply, records)
  throw malformedReply('peers', 'records that fill the reply', `${reply.length} bytes of another layout`)
}

/** Walks only the counts and returns whether they end at the end of the reply. */
const fits = (reply: Buffer, records: Records): boolean => {
  const { device, peer } = records
  if (reply.length < device.bytes) return false
  let at: number = device.peers
  const peers = count(reply, device.peerCount, records)
  for (let i = 0; i < peers; i++) {
    if (at + peer.allowedIps > reply.length) return false
    at += peer.allowedIps + count(reply, at + peer.allowedIpCount, records) * records.allowedIp.bytes
  }
  // The kernel counts whole records, and walks from array to array.
  return at - device.peers + peers * (peer.bytes - peer.allowedIps) === reply.length - device.bytes
}

const decodeWith = (name: string, reply: Buffer, records: Records): Device => {
  const { device, peer, allowedIp, memory } = records
  const flags = reply[device.flags] as number
  const peers: Peer[] = []
  let at: number = device.peers
  for (let left = count(reply, device.peerCount, records); left > 0; left--) {
    const end = at + peer.allowedIps + count(reply, at + peer.allowedIpCount, records) * allowedIp.bytes
    peers.push(decodePeer(reply.subarray(at, end), records))
    at = end
  }
  return {
    name,
    ...(flags & interfaceFlag.hasPrivate ? { privateKey: key(reply, device.privateKey) } : {}),
    ...(flags & interfaceFlag.hasPublic ? { publicKey: key(reply, device.publicKey) } : {}),
    listenPort: flags & interfaceFlag.hasPort ? memory.u16(reply, device.port) : 0,
    fwmark: flags & interfaceFlag.hasRtable ? memory.i32(reply, device.rtable) >>> 0 : 0,
    peers,
  }
}

const decodePeer = (record: Buffer, records: Records): Peer => {
  const { memory, peer: field } = records
  const flags = memory.i32(record, field.flags)
  if ((flags & peerFlag.hasPublic) === 0) throw malformedReply('peer', 'a public key', 'none')
  const endpoint = record.subarray(field.endpoint, field.endpoint + sockaddrIn6)
  return {
    publicKey: key(record, field.publicKey),
    ...(flags & peerFlag.hasPsk ? { presharedKey: key(record, field.presharedKey) } : {}),
    ...(flags & peerFlag.hasEndpoint ? decodeEndpoint(endpoint, afInet6.openbsd, memory) : {}),
    allowedIps: decodeAllowedIps(record.subarray(field.allowedIps), records),
    lastHandshake: {
      seconds: memory.i64(record, field.handshakeSeconds),
      nanoseconds: memory.u32(record, field.handshakeNanoseconds),
    },
    rxBytes: memory.u64(record, field.rxBytes),
    txBytes: memory.u64(record, field.txBytes),
    keepaliveSeconds: flags & peerFlag.hasKeepalive ? memory.u16(record, field.keepaliveSeconds) : 0,
  }
}

const decodeAllowedIps = (bytes: Buffer, { allowedIp, memory }: Records): Cidr[] => {
  const out: Cidr[] = []
  for (let at = 0; at < bytes.length; at += allowedIp.bytes) {
    const family = bytes[at + allowedIp.family] as number
    if (family !== afInet && family !== afInet6.openbsd)
      throw malformedReply('allowed ip', `family ${afInet} or ${afInet6.openbsd}`, String(family))
    const size = family === afInet ? 4 : 16
    const prefixLength = memory.i32(bytes, at + allowedIp.prefixLength)
    if (prefixLength < 0 || prefixLength > size * 8)
      throw malformedReply('allowed ip', `a prefix length of 0 to ${size * 8}`, String(prefixLength))
    const address = bytes.subarray(at + allowedIp.address, at + allowedIp.address + size)
    out.push({ family: size === 4 ? 4 : 6, address: formatIp(address), prefixLength })
  }
  return out
}

/** A size_t count. One above 2^53 cannot be right and stays too large to fit. */
const count = (bytes: Buffer, at: number, { memory }: Records): number => Number(memory.word(bytes, at))

const key = (bytes: Buffer, at: number): Key => keyFromBytes(bytes.subarray(at, at + 32))
