// SPDX-License-Identifier: MIT
import type { IoctlPointer } from '../bsd/ioctl-port.ts'
import { GroupedKernelTwin } from '../bsd/twin/grouped-kernel-twin.ts'
import type { TwinPeer, WireguardTwin } from '../bsd/twin/wireguard-twin.ts'
import { dataBlock, siocgwg, siocswg } from './devices.ts'
import type { NvList, NvPair } from './nvlist.ts'
import { lookup, lookupBytes, lookupNumber } from './nvlist-lookup.ts'
import { packNvlist } from './nvlist-pack.ts'
import { unpackNvlist } from './nvlist-unpack.ts'

/** FreeBSD's side of the ioctl boundary, in memory, with the driver's sizes, errnos and order (spec bsd §2.4). */
export class FreebsdKernelTwin extends GroupedKernelTwin {
  constructor() {
    super({ maskHostBits: true, zeroKeyClears: false, keepaliveNeedsTimers: false })
  }

  protected carryOut(
    device: WireguardTwin,
    request: number,
    argument: Buffer,
    pointer: IoctlPointer | undefined,
  ): string | undefined {
    const block = pointer?.offset === dataBlock.pointer ? pointer.block : undefined
    if (request === siocgwg) return this.get(device, argument, block)
    if (request === siocswg) return this.set(device, argument, block)
    return 'EINVAL'
  }

  private get(device: WireguardTwin, argument: Buffer, block: Buffer | undefined): string | undefined {
    const packed = packNvlist(describe(device, this.uid === 0))
    const size = argument.readBigUInt64LE(dataBlock.size)
    if (size > 0n && size < packed.length) return 'ENOSPC'
    argument.writeBigUInt64LE(BigInt(packed.length), dataBlock.size)
    if (size > 0n) block?.set(packed)
    return undefined
  }

  private set(device: WireguardTwin, argument: Buffer, block: Buffer | undefined): string | undefined {
    if (this.uid !== 0) return 'EPERM'
    const size = argument.readBigUInt64LE(dataBlock.size)
    if (size === 0n || !block) return 'EFAULT'
    if (size >= 1n << 31n) return 'E2BIG'
    let list: NvList
    try {
      list = unpackNvlist(block.subarray(0, Number(size)))
    } catch {
      return 'EBADMSG'
    }
    try {
      configure(device, list)
    } catch {
      return 'EINVAL'
    }
    return undefined
  }
}

const describe = (device: WireguardTwin, root: boolean): NvList => [
  ...(device.port ? [number('listen-port', device.port)] : []),
  ...(device.mark ? [number('user-cookie', device.mark)] : []),
  ...(device.publicKey ? [binary('public-key', device.publicKey)] : []),
  ...(device.privateKey && root ? [binary('private-key', device.privateKey)] : []),
  ...list(
    'peers',
    device.peers.map((peer) => describePeer(peer, root)),
  ),
]

const describePeer = (peer: TwinPeer, root: boolean): NvList => {
  const handshake = Buffer.alloc(16)
  handshake.writeBigInt64LE(peer.handshakeSeconds)
  return [
    binary('public-key', peer.publicKey),
    ...(root ? [binary('preshared-key', peer.presharedKey)] : []),
    ...(peer.endpoint ? [binary('endpoint', peer.endpoint)] : []),
    binary('last-handshake-time', handshake),
    number('persistent-keepalive-interval', peer.keepaliveSeconds),
    number('rx-bytes', peer.rxBytes),
    number('tx-bytes', peer.txBytes),
    ...list(
      'allowed-ips',
      peer.allowedIps.map(({ address, prefixLength }) => [
        binary(address.length === 4 ? 'ipv4' : 'ipv6', address),
        number('cidr', prefixLength),
      ]),
    ),
  ]
}

const configure = (device: WireguardTwin, config: NvList): void => {
  if (lookup(config, 'replace-peers', 'bool')) device.peers.length = 0
  device.port = lookupNumber(config, 'listen-port', 0xffff) ?? device.port
  const privateKey = lookupBytes(config, 'private-key', [32])
  if (privateKey) device.setPrivateKey(privateKey)
  device.mark = lookupNumber(config, 'user-cookie', 0xffffffff) ?? device.mark
  for (const peer of lookup(config, 'peers', 'nvlist[]') ?? []) configurePeer(device, peer)
}

const configurePeer = (device: WireguardTwin, config: NvList): void => {
  const publicKey = lookupBytes(config, 'public-key', [32])
  if (!publicKey) throw new Error('EINVAL')
  if (lookup(config, 'remove', 'bool')) device.removePeer(publicKey)
  const peer = lookup(config, 'remove', 'bool') ? undefined : device.peer(publicKey, true)
  if (!peer) return
  if (lookup(config, 'replace-allowedips', 'bool')) peer.allowedIps = []
  peer.endpoint = lookupBytes(config, 'endpoint', [16, 28]) ?? peer.endpoint
  peer.presharedKey = lookupBytes(config, 'preshared-key', [32]) ?? peer.presharedKey
  peer.keepaliveSeconds =
    lookupNumber(config, 'persistent-keepalive-interval', 0xffff) ?? peer.keepaliveSeconds
  for (const item of lookup(config, 'allowed-ips', 'nvlist[]') ?? []) {
    const address = lookupBytes(item, 'ipv4', [4]) ?? lookupBytes(item, 'ipv6', [16])
    const prefixLength = address && lookupNumber(item, 'cidr', address.length * 8)
    if (!address || prefixLength === undefined) throw new Error('EINVAL')
    device.addAllowedIp(peer, { address, prefixLength })
  }
}

const binary = (name: string, value: Buffer): NvPair => ({ name, type: 'binary', value })

const number = (name: string, value: number | bigint): NvPair => ({
  name,
  type: 'number',
  value: BigInt(value),
})

const list = (name: string, value: readonly NvList[]): NvPair[] =>
  value.length > 0 ? [{ name, type: 'nvlist[]', value }] : []
