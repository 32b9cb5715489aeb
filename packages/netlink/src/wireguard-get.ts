// SPDX-License-Identifier: MIT
import type { Cidr } from '@wgq/model/cidr'
import type { Device, Peer } from '@wgq/model/device'
import type { Endpoint } from '@wgq/model/endpoint'
import { WgqError } from '@wgq/model/error'
import { formatIp } from '@wgq/model/ip'
import { type Key, keyFromBytes, zeroKey } from '@wgq/model/key'
import { littleEndian } from './byte-order.ts'
import { genericHeaderBytes } from './generic.ts'
import { type AttributeCursor, attributesOf, type Message } from './message-reader.ts'
import { addressFamily } from './protocol.ts'
import { decodeSocketAddress } from './socket-address.ts'
import { allowedIpAttribute, deviceAttribute, peerAttribute } from './wireguard-attributes.ts'

/** A peer of the answer; a continued one has only its key and allowed IPs. */
type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type PeerInProgress = Mutable<Omit<Peer, 'allowedIps'>> & { allowedIps: Cidr[] }

/**
 * Collects the messages of a GET dump into a device (spec wg §13.3): adjacent peers with the same key are one peer
 * whose allowed IPs did not fit; others stay separate. Unknown attributes and values of a wrong length are ignored.
 * Zones of endpoints are interface indices.
 */
export class WireguardGet {
  private name: string
  private device: Mutable<Omit<Device, 'name' | 'peers'>> = { listenPort: 0, fwmark: 0 }
  private peers: PeerInProgress[] = []

  /** `name` is used if the answer has none. */
  constructor(name: string) {
    this.name = name
  }

  /** Takes one message in. Raises `E_DEVICE` with EINVAL when a peer has no key. */
  read(message: Message): void {
    const cursor = attributesOf(message, genericHeaderBytes)
    while (cursor.next()) {
      if (cursor.type === deviceAttribute.interfaceName) this.name = cursor.text()
      else if (cursor.type === deviceAttribute.privateKey) setKey(this.device, 'privateKey', cursor)
      else if (cursor.type === deviceAttribute.publicKey) setKey(this.device, 'publicKey', cursor)
      else if (cursor.type === deviceAttribute.listenPort)
        this.device.listenPort = cursor.u16() ?? this.device.listenPort
      else if (cursor.type === deviceAttribute.fwmark) this.device.fwmark = cursor.u32() ?? this.device.fwmark
      else if (cursor.type === deviceAttribute.peers) this.readPeers(cursor.nested())
    }
  }

  /** Discards everything after an interrupted dump. */
  restart(): void {
    this.device = { listenPort: 0, fwmark: 0 }
    this.peers = []
  }

  /** The device after the last message. */
  finish(): Device {
    return { name: this.name, ...this.device, peers: this.peers }
  }

  private readPeers(list: AttributeCursor): void {
    while (list.next()) {
      const peer = readPeer(list.nested())
      const last = this.peers.at(-1)
      if (last?.publicKey === peer.publicKey) {
        // Not push(...spread): the list may exceed the limit on arguments.
        for (const allowed of peer.allowedIps) last.allowedIps.push(allowed)
      } else this.peers.push(peer)
    }
  }
}

const readPeer = (cursor: AttributeCursor): PeerInProgress => {
  let publicKey: Key | undefined
  const keys: { presharedKey?: Key } = {}
  let endpoint: Endpoint | undefined
  const allowedIps: Cidr[] = []
  let lastHandshake = { seconds: 0n, nanoseconds: 0 }
  let rxBytes = 0n
  let txBytes = 0n
  let keepaliveSeconds = 0
  while (cursor.next()) {
    if (cursor.type === peerAttribute.publicKey) publicKey = keyOf(cursor)
    else if (cursor.type === peerAttribute.presharedKey) setKey(keys, 'presharedKey', cursor)
    else if (cursor.type === peerAttribute.endpoint) endpoint = decodeSocketAddress(cursor.bytes())
    else if (cursor.type === peerAttribute.keepalive) keepaliveSeconds = cursor.u16() ?? 0
    else if (cursor.type === peerAttribute.lastHandshake) lastHandshake = timeOf(cursor) ?? lastHandshake
    else if (cursor.type === peerAttribute.rxBytes) rxBytes = cursor.u64() ?? 0n
    else if (cursor.type === peerAttribute.txBytes) txBytes = cursor.u64() ?? 0n
    else if (cursor.type === peerAttribute.allowedIps) readAllowedIps(cursor.nested(), allowedIps)
  }
  if (publicKey === undefined)
    throw new WgqError('E_DEVICE', 'Expected a public key with every peer, the kernel gave none', {
      errno: 'EINVAL',
    })
  if (keys.presharedKey === zeroKey) delete keys.presharedKey
  const peer = { publicKey, ...keys, allowedIps, lastHandshake, rxBytes, txBytes, keepaliveSeconds }
  return endpoint ? { ...peer, endpoint } : peer
}

const readAllowedIps = (list: AttributeCursor, into: Cidr[]): void => {
  while (list.next()) {
    const cursor = list.nested()
    let family: number | undefined
    let address: Uint8Array | undefined
    let prefixLength: number | undefined
    while (cursor.next()) {
      if (cursor.type === allowedIpAttribute.family) family = cursor.u16()
      else if (cursor.type === allowedIpAttribute.address) address = cursor.address()
      else if (cursor.type === allowedIpAttribute.prefixLength) prefixLength = cursor.u8()
    }
    if (!address || prefixLength === undefined) continue
    const expected = address.length === 4 ? 4 : 6
    // A prefix length too large for the address is kept, as in `wg`.
    if (family === addressFamily[expected])
      into.push({ family: expected, address: formatIp(address), prefixLength })
  }
}

const keyOf = (cursor: AttributeCursor): Key | undefined =>
  cursor.end - cursor.start === 32 ? keyFromBytes(cursor.bytes()) : undefined

const setKey = <K extends string>(target: { [key in K]?: Key }, name: K, cursor: AttributeCursor): void => {
  const key = keyOf(cursor)
  if (key !== undefined) target[name] = key
}

/** struct __kernel_timespec: two signed 64-bit numbers. */
const timeOf = (cursor: AttributeCursor): { seconds: bigint; nanoseconds: number } | undefined => {
  if (cursor.end - cursor.start !== 16) return undefined
  return {
    seconds: cursor.view.getBigInt64(cursor.start, littleEndian),
    nanoseconds: Number(cursor.view.getBigInt64(cursor.start + 8, littleEndian)),
  }
}
