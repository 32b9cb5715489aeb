// SPDX-License-Identifier: MIT
import type { IoctlPointer } from '../bsd/ioctl-port.ts'
import { GroupedKernelTwin } from '../bsd/twin/grouped-kernel-twin.ts'
import type { TwinPeer, WireguardTwin } from '../bsd/twin/wireguard-twin.ts'
import { dataBlock, siocgwg, siocswg } from './devices.ts'
import {
  allowedIpRecord,
  interfaceFlag,
  interfaceRecord,
  type PeerRecord,
  peerField,
  peerFlag,
} from './layout.ts'

/** OpenBSD's side of the ioctl boundary, in memory, with the driver's sizes, flags and errnos (spec bsd §3.2). */
export class OpenbsdKernelTwin extends GroupedKernelTwin {
  private readonly layout: PeerRecord

  /** `layout` is the peer record of the release. */
  constructor(layout: PeerRecord) {
    super({ maskHostBits: false, zeroKeyClears: true, keepaliveNeedsTimers: true })
    this.layout = layout
  }

  protected carryOut(
    device: WireguardTwin,
    request: number,
    argument: Buffer,
    pointer: IoctlPointer | undefined,
  ): string | undefined {
    if (pointer?.offset !== dataBlock.pointer) return 'EFAULT'
    if (request === siocgwg) return this.get(device, argument, pointer.block)
    if (request === siocswg) return this.uid === 0 ? this.set(device, pointer.block) : 'EPERM'
    return 'ENOTTY'
  }

  private get(device: WireguardTwin, argument: Buffer, block: Buffer): string | undefined {
    const reply = this.uid === 0 ? describe(device, this.layout) : describeForOthers(device)
    if (argument.readBigUInt64LE(dataBlock.size) >= reply.length) block.set(reply)
    argument.writeBigUInt64LE(BigInt(reply.length), dataBlock.size)
    return undefined
  }

  /** Trusts the counts, as the kernel does; reading past the block is EFAULT. */
  private set(device: WireguardTwin, block: Buffer): string | undefined {
    try {
      return configure(device, block, this.layout)
    } catch {
      return 'EFAULT'
    }
  }
}

const describeForOthers = (device: WireguardTwin): Buffer => {
  const out = Buffer.alloc(interfaceRecord.bytes)
  out[interfaceRecord.flags] =
    (device.port ? interfaceFlag.hasPort : 0) | (device.mark ? interfaceFlag.hasRtable : 0)
  out.writeUInt16LE(device.port, interfaceRecord.port)
  out.writeInt32LE(device.mark, interfaceRecord.rtable)
  return out
}

const describe = (device: WireguardTwin, layout: PeerRecord): Buffer => {
  const out = describeForOthers(device)
  if (device.privateKey && device.publicKey) {
    out[interfaceRecord.flags] =
      (out[interfaceRecord.flags] as number) | interfaceFlag.hasPublic | interfaceFlag.hasPrivate
    out.set(device.publicKey, interfaceRecord.publicKey)
    out.set(device.privateKey, interfaceRecord.privateKey)
  }
  out.writeBigUInt64LE(BigInt(device.peers.length), interfaceRecord.peerCount)
  return Buffer.concat([out, ...device.peers.map((peer) => describePeer(peer, layout))])
}

const describePeer = (peer: TwinPeer, layout: PeerRecord): Buffer => {
  const out = Buffer.alloc(layout.bytes)
  const hasPsk = peer.presharedKey.some((byte) => byte !== 0)
  out.writeInt32LE(
    peerFlag.hasPublic |
      (hasPsk ? peerFlag.hasPsk : 0) |
      (peer.keepaliveSeconds ? peerFlag.hasKeepalive : 0) |
      (peer.endpoint ? peerFlag.hasEndpoint : 0),
    peerField.flags,
  )
  out.writeInt32LE(1, peerField.protocolVersion)
  out.set(peer.publicKey, peerField.publicKey)
  out.set(peer.presharedKey, peerField.presharedKey)
  out.writeUInt16LE(peer.keepaliveSeconds, peerField.keepaliveSeconds)
  if (peer.endpoint) out.set(peer.endpoint, peerField.endpoint)
  out.writeBigUInt64LE(peer.txBytes, peerField.txBytes)
  out.writeBigUInt64LE(peer.rxBytes, peerField.rxBytes)
  out.writeBigInt64LE(peer.handshakeSeconds, peerField.handshakeSeconds)
  out.writeBigUInt64LE(BigInt(peer.allowedIps.length), layout.allowedIpCount)
  const allowedIps = peer.allowedIps.map(({ address, prefixLength }) => {
    const record = Buffer.alloc(allowedIpRecord.bytes)
    record[allowedIpRecord.family] = address.length === 4 ? 2 : 24
    record.writeInt32LE(prefixLength, allowedIpRecord.prefixLength)
    record.set(address, allowedIpRecord.address)
    return record
  })
  return Buffer.concat([out, ...allowedIps])
}

const configure = (device: WireguardTwin, block: Buffer, layout: PeerRecord): string | undefined => {
  const flags = block.readUInt8(interfaceRecord.flags)
  if (flags & interfaceFlag.replacePeers) device.peers.length = 0
  if (flags & interfaceFlag.hasPrivate) device.setPrivateKey(bytes(block, interfaceRecord.privateKey, 32))
  if (flags & interfaceFlag.hasPort) device.port = block.readUInt16LE(interfaceRecord.port)
  if (flags & interfaceFlag.hasRtable) device.mark = block.readInt32LE(interfaceRecord.rtable)
  const peers = Number(block.readBigUInt64LE(interfaceRecord.peerCount))
  if (peers > 1 << 20) return 'ENOMEM'
  let at: number = interfaceRecord.bytes
  for (let i = 0; i < peers; i++) {
    const count = Number(block.readBigUInt64LE(at + layout.allowedIpCount))
    const record = bytes(block, at, layout.bytes + count * allowedIpRecord.bytes)
    const errno = configurePeer(device, record, layout)
    if (errno) return errno
    at += record.length
  }
  return undefined
}

const configurePeer = (device: WireguardTwin, record: Buffer, layout: PeerRecord): string | undefined => {
  const flags = record.readInt32LE(peerField.flags)
  if (![0, 1].includes(record.readInt32LE(peerField.protocolVersion))) return 'EPFNOSUPPORT'
  if ((flags & peerFlag.hasPublic) === 0) return undefined
  const publicKey = bytes(record, peerField.publicKey, 32)
  if (flags & peerFlag.remove) {
    device.removePeer(publicKey)
    return undefined
  }
  const peer = device.peer(publicKey, (flags & peerFlag.updateOnly) === 0)
  if (!peer) return undefined
  if (flags & peerFlag.hasEndpoint) peer.endpoint = bytes(record, peerField.endpoint, 28)
  if (flags & peerFlag.hasPsk) peer.presharedKey = bytes(record, peerField.presharedKey, 32)
  if (flags & peerFlag.hasKeepalive)
    device.setKeepalive(peer, record.readUInt16LE(peerField.keepaliveSeconds))
  if (flags & peerFlag.replaceAllowedIps) peer.allowedIps = []
  for (let at = layout.bytes; at < record.length; at += allowedIpRecord.bytes) {
    const family = record.readUInt8(at + allowedIpRecord.family)
    if (family !== 2 && family !== 24) return 'EAFNOSUPPORT'
    const address = bytes(record, at + allowedIpRecord.address, family === 2 ? 4 : 16)
    const prefixLength = record.readInt32LE(at + allowedIpRecord.prefixLength)
    if (prefixLength > address.length * 8) throw new Error('kernel panic: prefix length')
    device.addAllowedIp(peer, { address, prefixLength })
  }
  return undefined
}

/** A copy of exactly `length` bytes; reading past the block raises, as a bad address would. */
const bytes = (block: Buffer, at: number, length: number): Buffer => {
  if (at + length > block.length) throw new Error('EFAULT')
  return Buffer.from(block.subarray(at, at + length))
}
