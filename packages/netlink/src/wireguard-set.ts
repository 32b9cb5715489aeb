// SPDX-License-Identifier: MIT
import type { AllowedIpChange, DeviceChange, PeerChange } from '@wgq/model/device'
import { WgqError } from '@wgq/model/error'
import { parseIp } from '@wgq/model/ip'
import { keyBytes } from '@wgq/model/key'
import type { MessageWriter } from './message-writer.ts'
import { addressFamily, align, attributeHeaderBytes } from './protocol.ts'
import { encodeSocketAddress } from './socket-address.ts'
import {
  allowedIpAttribute,
  deviceAttribute,
  peerAttribute,
  peerFlag,
  removeAllowedIp,
  replacePeers,
} from './wireguard-attributes.ts'

/** Most bytes of one SET message, its header included: a page (spec wg §13.2). */
const mostMessageBytes = 4096

/** Where the next message continues. */
interface Progress {
  peer: number
  /** Allowed IPs of that peer that were sent; undefined when the peer has not been begun. */
  allowedIps: number | undefined
}

/**
 * Writes the payloads of a change's SET messages, one per call, until `done`. The rest continues in the next message
 * exactly as in `wg` (spec wg §13.2); the kernel applies each message separately.
 */
export class WireguardSet {
  private readonly name: string
  private readonly change: DeviceChange
  private readonly at: Progress = { peer: 0, allowedIps: undefined }
  private begun = false

  /** Zones of endpoints in `change` are interface indices, not names. */
  constructor(name: string, change: DeviceChange) {
    this.name = name
    this.change = change
  }

  get done(): boolean {
    return this.begun && this.at.peer >= this.change.peers.length
  }

  /** Writes the attributes of the next message. Raises `E_DEVICE` (EMSGSIZE) when a peer alone is larger than a page. */
  write(writer: MessageWriter): void {
    writer.textAttribute(deviceAttribute.interfaceName, this.name)
    if (!this.begun) this.writeDevice(writer)
    this.begun = true
    if (this.done) return
    const { peer, allowedIps } = this.at
    const mark = writer.openNest(deviceAttribute.peers)
    while (!this.done && this.writePeer(writer));
    writer.closeNest(mark)
    if (this.at.peer === peer && this.at.allowedIps === allowedIps)
      throw new WgqError('E_DEVICE', 'A peer does not fit into a message', { errno: 'EMSGSIZE' })
  }

  private writeDevice(writer: MessageWriter): void {
    const { privateKey, listenPort, fwmark } = this.change
    if (privateKey !== undefined) writer.bytesAttribute(deviceAttribute.privateKey, keyBytes(privateKey))
    if (listenPort !== undefined) writer.u16Attribute(deviceAttribute.listenPort, listenPort)
    if (fwmark !== undefined) writer.u32Attribute(deviceAttribute.fwmark, fwmark)
    if (this.change.replacePeers) writer.u32Attribute(deviceAttribute.flags, replacePeers)
  }

  /** Writes one peer, or as much of it as fits; false when the message is full. */
  private writePeer(writer: MessageWriter): boolean {
    const peer = this.change.peers[this.at.peer] as PeerChange
    const before = writer.length
    const mark = writer.openNest(0)
    this.writeFixed(writer, peer)
    // The message would exceed the limit: the next one starts with the whole peer.
    if (writer.messageBytes > mostMessageBytes) {
      writer.rewind(before)
      return false
    }
    const whole = this.writeAllowedIps(writer, peer)
    if (whole === 'header') {
      writer.rewind(before)
      return false
    }
    writer.closeNest(mark)
    if (whole) {
      this.at.peer++
      this.at.allowedIps = undefined
    }
    return whole
  }

  /**
   * Writes everything before the allowed IPs. A continued peer has its key and, if it is to be removed, that flag
   * again.
   */
  private writeFixed(writer: MessageWriter, peer: PeerChange): void {
    writer.bytesAttribute(peerAttribute.publicKey, keyBytes(peer.publicKey))
    if (this.at.allowedIps !== undefined) {
      if (peer.remove) writer.u32Attribute(peerAttribute.flags, peerFlag.remove)
      return
    }
    if (peer.presharedKey !== undefined)
      writer.bytesAttribute(peerAttribute.presharedKey, keyBytes(peer.presharedKey))
    if (peer.endpoint) writer.bytesAttribute(peerAttribute.endpoint, encodeSocketAddress(peer.endpoint))
    if (peer.keepaliveSeconds !== undefined)
      writer.u16Attribute(peerAttribute.keepalive, peer.keepaliveSeconds)
    const flags =
      (peer.remove ? peerFlag.remove : 0) |
      (peer.replaceAllowedIps ? peerFlag.replaceAllowedIps : 0) |
      (peer.updateOnly ? peerFlag.updateOnly : 0)
    if (flags !== 0) writer.u32Attribute(peerAttribute.flags, flags)
  }

  /**
   * Returns true if all are written, false if the rest goes into the next message, `header` if not even the list could
   * start.
   */
  private writeAllowedIps(writer: MessageWriter, peer: PeerChange): boolean | 'header' {
    const list = peer.allowedIps ?? []
    const first = this.at.allowedIps ?? 0
    if (list.length === first) return true
    if (writer.messageBytes + attributeHeaderBytes > mostMessageBytes) return 'header'
    const mark = writer.openNest(peerAttribute.allowedIps)
    let index = first
    while (index < list.length && writeAllowedIp(writer, list[index] as AllowedIpChange)) index++
    writer.closeNest(mark)
    this.at.allowedIps = index
    return index === list.length
  }
}

/** Writes one allowed IP; false when it does not fit. */
const writeAllowedIp = (writer: MessageWriter, allowed: AllowedIpChange): boolean => {
  const address = parseIp(allowed.address)
  if (!address) throw new WgqError('E_ALLOWED_IP', `Expected an IP address, found "${allowed.address}"`)
  const size =
    attributeHeaderBytes * 4 + align(2) + align(address.length) + align(1) + (allowed.remove ? 8 : 0)
  if (writer.messageBytes + size > mostMessageBytes) return false
  const mark = writer.openNest(0)
  writer.u16Attribute(allowedIpAttribute.family, addressFamily[allowed.family])
  writer.bytesAttribute(allowedIpAttribute.address, address)
  writer.u8Attribute(allowedIpAttribute.prefixLength, allowed.prefixLength)
  if (allowed.remove) writer.u32Attribute(allowedIpAttribute.flags, removeAllowedIp)
  writer.closeNest(mark)
  return true
}
