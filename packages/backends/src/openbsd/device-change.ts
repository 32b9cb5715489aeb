// SPDX-License-Identifier: MIT
import type { AllowedIpChange, DeviceChange, PeerChange } from '@wgq/model/device'
import { parseIp } from '@wgq/model/ip'
import { keyBytes } from '@wgq/model/key'
import { afInet, afInet6, encodeSockaddr, type InterfaceIndex } from '../bsd/sockaddr.ts'
import { interfaceFlag, peerFlag, type Records } from './layout.ts'

/**
 * The records for OpenBSD's SIOCSWG that describe a change. Removals of allowed IPs must be resolved first, and the
 * change must have been checked (bsd/checked-change.ts).
 */
export const encodeChange = (
  change: DeviceChange,
  records: Records,
  interfaceIndex: InterfaceIndex,
): Buffer => {
  const peers = change.peers.map((peer) => encodePeer(peer, records, interfaceIndex))
  // The kernel reads whole records, even if the last allowed IP is before the end of one.
  const padding = Buffer.alloc(peers.length > 0 ? records.peer.bytes - records.peer.allowedIps : 0)
  return Buffer.concat([encodeInterface(change, records), ...peers, padding])
}

const encodeInterface = (change: DeviceChange, { device, memory }: Records): Buffer => {
  const out = Buffer.alloc(device.peers)
  let flags = change.replacePeers ? interfaceFlag.replacePeers : 0
  if (change.privateKey !== undefined) {
    flags |= interfaceFlag.hasPrivate
    out.set(keyBytes(change.privateKey), device.privateKey)
  }
  if (change.listenPort !== undefined) {
    flags |= interfaceFlag.hasPort
    memory.setU16(out, device.port, change.listenPort)
  }
  if (change.fwmark !== undefined) {
    flags |= interfaceFlag.hasRtable
    memory.setI32(out, device.rtable, change.fwmark)
  }
  out[device.flags] = flags
  memory.setWord(out, device.peerCount, BigInt(change.peers.length))
  return out
}

const encodePeer = (peer: PeerChange, records: Records, interfaceIndex: InterfaceIndex): Buffer => {
  const { memory, peer: field } = records
  const out = Buffer.alloc(field.allowedIps)
  const allowedIps = peer.allowedIps ?? []
  let flags: number = peerFlag.hasPublic
  out.set(keyBytes(peer.publicKey), field.publicKey)
  if (peer.presharedKey !== undefined) {
    flags |= peerFlag.hasPsk
    out.set(keyBytes(peer.presharedKey), field.presharedKey)
  }
  if (peer.keepaliveSeconds !== undefined) {
    flags |= peerFlag.hasKeepalive
    memory.setU16(out, field.keepaliveSeconds, peer.keepaliveSeconds)
  }
  if (peer.endpoint) {
    flags |= peerFlag.hasEndpoint
    out.set(encodeSockaddr(peer.endpoint, afInet6.openbsd, interfaceIndex, memory), field.endpoint)
  }
  if (peer.replaceAllowedIps) flags |= peerFlag.replaceAllowedIps
  if (peer.remove) flags |= peerFlag.remove
  if (peer.updateOnly) flags |= peerFlag.updateOnly
  memory.setI32(out, field.flags, flags)
  memory.setWord(out, field.allowedIpCount, BigInt(allowedIps.length))
  return Buffer.concat([out, ...allowedIps.map((cidr) => encodeAllowedIp(cidr, records))])
}

const encodeAllowedIp = (cidr: AllowedIpChange, { allowedIp, memory }: Records): Buffer => {
  const address = parseIp(cidr.address) as Uint8Array // checked before, as everything is (bsd/checked-change.ts)
  const out = Buffer.alloc(allowedIp.bytes)
  out[allowedIp.family] = address.length === 4 ? afInet : afInet6.openbsd
  memory.setI32(out, allowedIp.prefixLength, cidr.prefixLength)
  out.set(address, allowedIp.address)
  return out
}
