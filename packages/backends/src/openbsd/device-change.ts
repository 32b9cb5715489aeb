// SPDX-License-Identifier: MIT
import type { AllowedIpChange, DeviceChange, PeerChange } from '@wgq/model/device'
import { WgqError } from '@wgq/model/error'
import { parseIp } from '@wgq/model/ip'
import { keyBytes } from '@wgq/model/key'
import { afInet, afInet6, encodeSockaddr, type InterfaceIndex } from '../bsd/sockaddr.ts'
import {
  allowedIpRecord,
  interfaceFlag,
  interfaceRecord,
  type PeerRecord,
  peerField,
  peerFlag,
} from './layout.ts'

/** Routing tables are numbered 0 to 255; `wgrtable` is what FwMark means here (spec bsd §3.2). */
const mostRtable = 255

/**
 * The records that SIOCSWG of OpenBSD takes for a change. Removals of allowed IPs must be resolved before. Raises
 * `E_DEVICE`: `EINVAL` for a table above 255 and for a prefix length that would panic the kernel.
 */
export const encodeChange = (
  change: DeviceChange,
  layout: PeerRecord,
  interfaceIndex: InterfaceIndex,
): Buffer => {
  const peers = change.peers.map((peer) => encodePeer(peer, layout, interfaceIndex))
  return Buffer.concat([encodeInterface(change), ...peers])
}

const encodeInterface = (change: DeviceChange): Buffer => {
  const out = Buffer.alloc(interfaceRecord.bytes)
  let flags = change.replacePeers ? interfaceFlag.replacePeers : 0
  if (change.privateKey !== undefined) {
    flags |= interfaceFlag.hasPrivate
    out.set(keyBytes(change.privateKey), interfaceRecord.privateKey)
  }
  if (change.listenPort !== undefined) {
    flags |= interfaceFlag.hasPort
    out.writeUInt16LE(change.listenPort, interfaceRecord.port)
  }
  if (change.fwmark !== undefined) {
    flags |= interfaceFlag.hasRtable
    out.writeInt32LE(checkRtable(change.fwmark), interfaceRecord.rtable)
  }
  out[interfaceRecord.flags] = flags
  out.writeBigUInt64LE(BigInt(change.peers.length), interfaceRecord.peerCount)
  return out
}

const checkRtable = (table: number): number => {
  if (table <= mostRtable) return table
  throw new WgqError(
    'E_DEVICE',
    `FwMark names a routing table on OpenBSD: expected 0 to 255, found ${table}`,
    {
      errno: 'EINVAL',
      hint: 'Set FwMark to the routing table that the encrypted packets shall use, or leave it out',
    },
  )
}

const encodePeer = (peer: PeerChange, layout: PeerRecord, interfaceIndex: InterfaceIndex): Buffer => {
  const out = Buffer.alloc(layout.bytes)
  const allowedIps = peer.allowedIps ?? []
  let flags: number = peerFlag.hasPublic
  out.set(keyBytes(peer.publicKey), peerField.publicKey)
  if (peer.presharedKey !== undefined) {
    flags |= peerFlag.hasPsk
    out.set(keyBytes(peer.presharedKey), peerField.presharedKey)
  }
  if (peer.keepaliveSeconds !== undefined) {
    flags |= peerFlag.hasKeepalive
    out.writeUInt16LE(peer.keepaliveSeconds, peerField.keepaliveSeconds)
  }
  if (peer.endpoint) {
    flags |= peerFlag.hasEndpoint
    out.set(encodeSockaddr(peer.endpoint, afInet6.openbsd, interfaceIndex), peerField.endpoint)
  }
  if (peer.replaceAllowedIps) flags |= peerFlag.replaceAllowedIps
  if (peer.remove) flags |= peerFlag.remove
  if (peer.updateOnly) flags |= peerFlag.updateOnly
  out.writeInt32LE(flags, peerField.flags)
  out.writeBigUInt64LE(BigInt(allowedIps.length), layout.allowedIpCount)
  return Buffer.concat([out, ...allowedIps.map(encodeAllowedIp)])
}

const encodeAllowedIp = (cidr: AllowedIpChange): Buffer => {
  const address = parseIp(cidr.address)
  // The kernel does not check the length and panics on 33.
  if (!address || cidr.prefixLength > address.length * 8)
    throw new WgqError('E_DEVICE', `An allowed IP has an invalid prefix length ${cidr.prefixLength}`, {
      errno: 'EINVAL',
    })
  const out = Buffer.alloc(allowedIpRecord.bytes)
  out[allowedIpRecord.family] = address.length === 4 ? afInet : afInet6.openbsd
  out.writeInt32LE(cidr.prefixLength, allowedIpRecord.prefixLength)
  out.set(address, allowedIpRecord.address)
  return out
}
