// SPDX-License-Identifier: MIT
import { amd64, type Machine } from '@wgq/native/bsd/machine'
import type { IoctlPointer } from '../bsd/ioctl-port.ts'
import { GroupedKernelTwin } from '../bsd/twin/grouped-kernel-twin.ts'
import type { TwinPeer, WireguardTwin } from '../bsd/twin/wireguard-twin.ts'
import { interfaceFlag, peerFlag, type Records, recordsOf } from './layout.ts'

/** Records of amd64, releases 6.8 to 7.3. */
export const peerRecord73: Records = recordsOf(amd64('openbsd'), '7.3')

/** Records of amd64, release 7.4 and later. */
export const peerRecord74: Records = recordsOf(amd64('openbsd'), '7.4')

const openbsdRules = {
  maskHostBits: false,
  zeroKeyClears: true,
  keepaliveNeedsTimers: true,
  movedKeepsHostBits: true,
  zeroPortBindsAnew: true,
  mostTable: 255,
} as const

/** OpenBSD's side of the ioctl boundary, in memory, with the driver's sizes, flags and errnos (spec bsd §3.2). */
export class OpenbsdKernelTwin extends GroupedKernelTwin {
  private readonly records: Records

  /** `records` are those of the release and the machine. */
  constructor(records: Records, machine: Machine = amd64('openbsd')) {
    super(openbsdRules, machine)
    this.records = records
  }

  protected carryOut(
    device: WireguardTwin,
    request: number,
    argument: Buffer,
    pointer: IoctlPointer | undefined,
  ): string | undefined {
    if (pointer?.offset !== this.records.data.pointer) return 'EFAULT'
    if (request === this.records.requests.get) return this.get(device, argument, pointer.block)
    if (request === this.records.requests.set)
      return this.uid === 0 ? this.set(device, pointer.block) : 'EPERM'
    return 'ENOTTY'
  }

  private get(device: WireguardTwin, argument: Buffer, block: Buffer): string | undefined {
    const { data, memory } = this.records
    const reply = this.uid === 0 ? describe(device, this.records) : describeForOthers(device, this.records)
    if (memory.word(argument, data.size) >= reply.length) block.set(reply)
    memory.setWord(argument, data.size, BigInt(reply.length))
    return undefined
  }

  /** Trusts the counts and ignores the size field, like the kernel; reading past the block is EFAULT. */
  private set(device: WireguardTwin, block: Buffer): string | undefined {
    try {
      return configure(device, block, this.records)
    } catch {
      return 'EFAULT'
    }
  }
}

const describeForOthers = (device: WireguardTwin, { device: field, memory }: Records): Buffer => {
  const out = Buffer.alloc(field.bytes)
  out[field.flags] = (device.port ? interfaceFlag.hasPort : 0) | (device.mark ? interfaceFlag.hasRtable : 0)
  memory.setU16(out, field.port, device.port)
  memory.setI32(out, field.rtable, device.mark)
  return out
}

const describe = (device: WireguardTwin, records: Records): Buffer => {
  const { device: field, memory, peer, allowedIp } = records
  const size = device.peers.reduce(
    (sum, { allowedIps }) => sum + peer.bytes + allowedIps.length * allowedIp.bytes,
    field.bytes,
  )
  const out = Buffer.alloc(size)
  out.set(describeForOthers(device, records))
  if (device.privateKey && device.publicKey) {
    out[field.flags] = (out[field.flags] as number) | interfaceFlag.hasPublic | interfaceFlag.hasPrivate
    out.set(device.publicKey, field.publicKey)
    out.set(device.privateKey, field.privateKey)
  }
  memory.setWord(out, field.peerCount, BigInt(device.peers.length))
  let at = field.peers
  for (const each of device.peers) {
    const record = describePeer(each, records)
    out.set(record, at)
    at += record.length
  }
  return out
}

/** A peer and its allowed IPs, without the padding of the last record. */
const describePeer = (peer: TwinPeer, records: Records): Buffer => {
  const { peer: field, allowedIp, memory } = records
  const out = Buffer.alloc(field.allowedIps + peer.allowedIps.length * allowedIp.bytes)
  const hasPsk = peer.presharedKey.some((byte) => byte !== 0)
  memory.setI32(
    out,
    field.flags,
    peerFlag.hasPublic |
      (hasPsk ? peerFlag.hasPsk : 0) |
      (peer.keepaliveSeconds ? peerFlag.hasKeepalive : 0) |
      (peer.endpoint ? peerFlag.hasEndpoint : 0),
  )
  memory.setI32(out, field.protocolVersion, 1)
  out.set(peer.publicKey, field.publicKey)
  out.set(peer.presharedKey, field.presharedKey)
  memory.setU16(out, field.keepaliveSeconds, peer.keepaliveSeconds)
  if (peer.endpoint) out.set(peer.endpoint, field.endpoint)
  memory.setU64(out, field.txBytes, peer.txBytes)
  memory.setU64(out, field.rxBytes, peer.rxBytes)
  memory.setI64(out, field.handshakeSeconds, peer.handshakeSeconds)
  memory.setWord(out, field.allowedIpCount, BigInt(peer.allowedIps.length))
  peer.allowedIps.forEach(({ address, prefixLength }, i) => {
    const at = field.allowedIps + i * allowedIp.bytes
    out[at + allowedIp.family] = address.length === 4 ? 2 : 24
    memory.setI32(out, at + allowedIp.prefixLength, prefixLength)
    out.set(address, at + allowedIp.address)
  })
  return out
}

const configure = (device: WireguardTwin, block: Buffer, records: Records): string | undefined => {
  const { device: field, peer, allowedIp, memory } = records
  const flags = block.readUInt8(field.flags)
  if (flags & interfaceFlag.replacePeers) device.peers.length = 0
  if (flags & interfaceFlag.hasPrivate) device.setPrivateKey(bytes(block, field.privateKey, 32))
  const errno = device.bind(
    flags & interfaceFlag.hasPort ? memory.u16(block, field.port) : undefined,
    flags & interfaceFlag.hasRtable ? memory.i32(block, field.rtable) : undefined,
  )
  if (errno) return errno
  const peers = Number(memory.word(block, field.peerCount))
  if (peers > 1 << 20) return 'ENOMEM'
  let at = field.peers
  for (let i = 0; i < peers; i++) {
    const count = Number(memory.word(bytes(block, at, peer.bytes), peer.allowedIpCount))
    const record = bytes(block, at, peer.allowedIps + count * allowedIp.bytes)
    const refused = configurePeer(device, record, records)
    if (refused) return refused
    at += record.length
  }
  return undefined
}

const configurePeer = (device: WireguardTwin, record: Buffer, records: Records): string | undefined => {
  const { peer: field, allowedIp, memory } = records
  const flags = memory.i32(record, field.flags)
  if (![0, 1].includes(memory.i32(record, field.protocolVersion))) return 'EPFNOSUPPORT'
  if ((flags & peerFlag.hasPublic) === 0) return undefined
  const publicKey = bytes(record, field.publicKey, 32)
  if (flags & peerFlag.remove) {
    device.removePeer(publicKey)
    return undefined
  }
  const peer = device.peer(publicKey, (flags & peerFlag.updateOnly) === 0)
  if (!peer) return undefined
  if (flags & peerFlag.hasEndpoint) peer.endpoint = bytes(record, field.endpoint, 28)
  if (flags & peerFlag.hasPsk) peer.presharedKey = bytes(record, field.presharedKey, 32)
  if (flags & peerFlag.hasKeepalive) device.setKeepalive(peer, memory.u16(record, field.keepaliveSeconds))
  if (flags & peerFlag.replaceAllowedIps) peer.allowedIps = []
  for (let at = field.allowedIps; at < record.length; at += allowedIp.bytes) {
    const family = record.readUInt8(at + allowedIp.family)
    if (family !== 2 && family !== 24) return 'EAFNOSUPPORT'
    const address = bytes(record, at + allowedIp.address, family === 2 ? 4 : 16)
    const prefixLength = memory.i32(record, at + allowedIp.prefixLength)
    if (prefixLength > address.length * 8)
      throw new RangeError('The guard in front let a prefix length through')
    device.addAllowedIp(peer, { address, prefixLength })
  }
  return undefined
}

/** A copy of exactly `length` bytes; reading past the block raises, as a bad address would. */
const bytes = (block: Buffer, at: number, length: number): Buffer => {
  if (at + length > block.length) throw new Error('EFAULT')
  return Buffer.from(block.subarray(at, at + length))
}
