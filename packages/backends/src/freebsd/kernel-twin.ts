// SPDX-License-Identifier: MIT
import { amd64, type Machine } from '@wgq/native/bsd/machine'
import type { IoctlPointer } from '../bsd/ioctl-port.ts'
import { type Memory, memoryOf } from '../bsd/memory.ts'
import { GroupedKernelTwin } from '../bsd/twin/grouped-kernel-twin.ts'
import type { TwinPeer, WireguardTwin } from '../bsd/twin/wireguard-twin.ts'
import { dataBlockOf } from './devices.ts'
import type { NvList, NvPair } from './nvlist.ts'
import { lookup, lookupBytes, lookupNumber } from './nvlist-lookup.ts'
import { packNvlist } from './nvlist-pack.ts'
import { unpackNvlist } from './nvlist-unpack.ts'

const freebsdRules = {
  maskHostBits: true,
  zeroKeyClears: false,
  keepaliveNeedsTimers: false,
  movedKeepsHostBits: false,
  zeroPortBindsAnew: true,
} as const

/** FreeBSD's side of the ioctl boundary, in memory, with the driver's sizes, errnos and order (spec bsd §2.4). */
export class FreebsdKernelTwin extends GroupedKernelTwin {
  private readonly memory: Memory
  private readonly data: ReturnType<typeof dataBlockOf>
  private readonly littleEndian: boolean

  constructor(machine: Machine = amd64('freebsd')) {
    super(freebsdRules, machine)
    this.memory = memoryOf(machine)
    this.data = dataBlockOf(machine)
    this.littleEndian = machine.littleEndian
  }

  protected carryOut(
    device: WireguardTwin,
    request: number,
    argument: Buffer,
    pointer: IoctlPointer | undefined,
  ): string | undefined {
    const block = pointer?.offset === this.data.pointer ? pointer.block : undefined
    if (request === this.data.get) return this.get(device, argument, block)
    if (request === this.data.set) return this.set(device, argument, block)
    return 'EINVAL'
  }

  private get(device: WireguardTwin, argument: Buffer, block: Buffer | undefined): string | undefined {
    const packed = packNvlist(describe(device, this.uid === 0, this.memory), this.littleEndian)
    const size = this.memory.word(argument, this.data.size)
    if (size > 0n && size < packed.length) return 'ENOSPC'
    this.memory.setWord(argument, this.data.size, BigInt(packed.length))
    if (size > 0n) block?.set(packed)
    return undefined
  }

  private set(device: WireguardTwin, argument: Buffer, block: Buffer | undefined): string | undefined {
    if (this.uid !== 0) return 'EPERM'
    const size = this.memory.word(argument, this.data.size)
    if (size === 0n || !block) return 'EFAULT'
    if (size >= 1n << 31n) return 'E2BIG'
    let list: NvList
    try {
      list = unpackNvlist(block.subarray(0, Number(size)))
    } catch {
      return 'EBADMSG'
    }
    try {
      return configure(device, list)
    } catch {
      return 'EINVAL'
    }
  }
}

const describe = (device: WireguardTwin, root: boolean, memory: Memory): NvList => [
  ...(device.port ? [number('listen-port', device.port)] : []),
  ...(device.mark ? [number('user-cookie', device.mark)] : []),
  ...(device.publicKey ? [binary('public-key', device.publicKey)] : []),
  ...(device.privateKey && root ? [binary('private-key', device.privateKey)] : []),
  ...list(
    'peers',
    device.peers.map((peer) => describePeer(peer, root, memory)),
  ),
]

const describePeer = (peer: TwinPeer, root: boolean, memory: Memory): NvList => {
  const handshake = Buffer.alloc(16)
  memory.setI64(handshake, 0, peer.handshakeSeconds)
  return [
    binary('public-key', peer.publicKey),
    ...(root ? [binary('preshared-key', peer.presharedKey)] : []),
    // Stored with any family, and left out of the reply if the family is unknown.
    ...(peer.endpoint && [2, 28].includes(peer.endpoint[1] as number)
      ? [binary('endpoint', peer.endpoint)]
      : []),
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

/** The type that the driver asks for by each name. */
const askedTypes: Readonly<Record<string, NvPair['type']>> = {
  'private-key': 'binary',
  'listen-port': 'number',
  'user-cookie': 'number',
  'replace-peers': 'bool',
  peers: 'nvlist[]',
  'public-key': 'binary',
  'preshared-key': 'binary',
  endpoint: 'binary',
  'persistent-keepalive-interval': 'number',
  'replace-allowedips': 'bool',
  remove: 'bool',
  'allowed-ips': 'nvlist[]',
  cidr: 'number',
  ipv4: 'binary',
  ipv6: 'binary',
}

/** What the driver sees of a list: a known name with another type is not there. */
const seen = (list: NvList): NvList => list.filter(({ name, type }) => (askedTypes[name] ?? type) === type)

/** Returns the name of an errno, or undefined. */
const configure = (device: WireguardTwin, all: NvList): string | undefined => {
  const config = seen(all)
  if (lookup(config, 'replace-peers', 'bool')) device.peers.length = 0
  const errno = device.bind(
    lookupNumber(config, 'listen-port', 0xffff),
    lookupNumber(config, 'user-cookie', 0xffffffff),
  )
  if (errno) return errno
  const privateKey = lookupBytes(config, 'private-key', [32])
  if (privateKey) device.setPrivateKey(privateKey)
  for (const peer of lookup(config, 'peers', 'nvlist[]') ?? []) configurePeer(device, peer)
  return undefined
}

/** The driver copies 1 to 28 bytes unchanged. */
const endpointIn = (config: NvList): Buffer | undefined => {
  const bytes = lookup(config, 'endpoint', 'binary')
  if (bytes && bytes.length > 28) throw new Error('EINVAL')
  return bytes
}

const configurePeer = (device: WireguardTwin, all: NvList): void => {
  const config = seen(all)
  const publicKey = lookupBytes(config, 'public-key', [32])
  if (!publicKey) throw new Error('EINVAL')
  if (lookup(config, 'remove', 'bool')) device.removePeer(publicKey)
  const peer = lookup(config, 'remove', 'bool') ? undefined : device.peer(publicKey, true)
  if (!peer) return
  if (lookup(config, 'replace-allowedips', 'bool')) peer.allowedIps = []
  peer.endpoint = endpointIn(config) ?? peer.endpoint
  peer.presharedKey = lookupBytes(config, 'preshared-key', [32]) ?? peer.presharedKey
  peer.keepaliveSeconds =
    lookupNumber(config, 'persistent-keepalive-interval', 0xffff) ?? peer.keepaliveSeconds
  for (const item of (lookup(config, 'allowed-ips', 'nvlist[]') ?? []).map(seen)) {
    const address = lookupBytes(item, 'ipv4', [4]) ?? lookupBytes(item, 'ipv6', [16])
    const prefixLength = address && lookupNumber(item, 'cidr', address.length * 8)
    if (!address || prefixLength === undefined) continue // skipped
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
