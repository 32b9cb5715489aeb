// SPDX-License-Identifier: MIT
import type { Cidr } from '@wgq/model/cidr'
import { parseIp } from '@wgq/model/ip'
import { keyBytes, zeroKey } from '@wgq/model/key'
import { amd64, type Machine } from '@wgq/native/bsd/machine'
import type { IoctlPointer, IoctlPort } from '../bsd/ioctl-port.ts'
import type { Memory } from '../bsd/memory.ts'
import { afInet, afInet6, encodeSockaddr } from '../bsd/sockaddr.ts'
import { mostAllowedIps } from './change-plan.ts'
import { type DriverReply, type ReplyPeer, readReply } from './device-reply.ts'
import { driverBlockOf } from './devices.ts'
import { samePrefix } from './peer.ts'
import { type Plist, printPlist } from './plist.ts'
import { parsePlist } from './plist-parser.ts'
import { driverCommand } from './request.ts'

/** A wg interface of NetBSD in memory; peers newest first. */
interface NetbsdTwinDevice {
  privateKey: DriverReply['privateKey'] | undefined
  listenPort: number
  readonly peers: ReplyPeer[]
}

/** NetBSD's side of the ioctl boundary, in memory, with the driver's rules and errnos (spec bsd §4.3). */
export class NetbsdKernelTwin implements IoctlPort {
  readonly interfaces = new Map<string, NetbsdTwinDevice>()
  /** 0 for root. */
  uid = 0
  private readonly block: ReturnType<typeof driverBlockOf>

  constructor(machine: Machine = amd64('netbsd')) {
    this.block = driverBlockOf(machine)
  }

  create(name: string): NetbsdTwinDevice {
    const made: NetbsdTwinDevice = { privateKey: undefined, listenPort: 0, peers: [] }
    this.interfaces.set(name, made)
    return made
  }

  ioctl(request: number, argument: Buffer, pointer?: IoctlPointer): string | undefined {
    const { memory } = this.block
    const device = this.interfaces.get(argument.toString('utf8', 0, 16).replace(/\0.*$/s, ''))
    if (!device) return 'ENXIO'
    if (pointer?.offset !== this.block.pointer) return 'EFAULT'
    const length = Number(memory.word(argument, this.block.length))
    if (request === this.block.get) {
      const reply = Buffer.from(`${printPlist(describe(device, this.uid === 0, memory))}\0`)
      if (length < reply.length) return 'EINVAL'
      pointer.block.set(reply)
      return undefined
    }
    if (request !== this.block.set) return 'ENOTTY'
    if (this.uid !== 0) return 'EPERM'
    if (length >= 32766) return 'E2BIG'
    const command = Number(memory.word(argument, this.block.command))
    try {
      return set(device, command, parsePlist(pointer.block.toString('utf8', 0, length)), memory)
    } catch {
      return 'EINVAL'
    }
  }
}

const set = (device: NetbsdTwinDevice, command: number, plist: Plist, memory: Memory): string | undefined => {
  switch (command) {
    case driverCommand.setPrivateKey:
      device.privateKey = readReply(plist, memory).privateKey
      return undefined
    case driverCommand.setListenPort: {
      const { listenPort } = readReply(plist, memory)
      if (device.listenPort !== 0 && device.listenPort !== listenPort) return 'EINVAL'
      device.listenPort = listenPort
      return undefined
    }
    case driverCommand.addPeer:
      return add(device, plist, memory)
    case driverCommand.deletePeer: {
      const name = plist.type === 'dict' ? plist.entries.get('name') : undefined
      const at = device.peers.findIndex((peer) => name?.type === 'string' && peer.name === name.text)
      if (at < 0) return 'ENOENT'
      device.peers.splice(at, 1)
      return undefined
    }
  }
  return 'EINVAL'
}

const add = (device: NetbsdTwinDevice, plist: Plist, memory: Memory): string | undefined => {
  const [peer] = readReply(dict({ peers: { type: 'array', items: [plist] } }), memory).peers
  if (!peer || Buffer.byteLength(peer.name ?? '') > 16) return 'EINVAL'
  if (peer.allowedIps.length > mostAllowedIps)
    throw new RangeError('The guard in front let too many allowed IPs through')
  const clash = device.peers.some(
    (other) =>
      other.publicKey === peer.publicKey ||
      (peer.name !== undefined && other.name === peer.name) ||
      other.allowedIps.some((cidr) => peer.allowedIps.some((own) => samePrefix(own, cidr))),
  )
  if (clash) return 'EEXIST'
  device.peers.unshift(peer)
  return undefined
}

const describe = (device: NetbsdTwinDevice, root: boolean, memory: Memory): Plist =>
  dict({
    private_key: root ? data(keyBytes(device.privateKey ?? zeroKey)) : undefined,
    listen_port: device.listenPort ? unsigned(device.listenPort) : undefined,
    peers: array(device.peers.map((peer) => describePeer(peer, root, memory))),
  })

const describePeer = (peer: ReplyPeer, root: boolean, memory: Memory): Plist =>
  dict({
    name: peer.name === undefined ? undefined : { type: 'string', text: peer.name },
    public_key: data(keyBytes(peer.publicKey)),
    preshared_key: root && peer.presharedKey ? data(keyBytes(peer.presharedKey)) : undefined,
    endpoint: peer.endpoint && data(encodeSockaddr(peer.endpoint, afInet6.netbsd, () => undefined, memory)),
    allowedips: array(peer.allowedIps.map(describeCidr)),
    last_handshake_time_sec: unsigned(peer.lastHandshake.seconds),
    last_handshake_time_nsec: unsigned(peer.lastHandshake.nanoseconds),
  })

const describeCidr = (cidr: Cidr): Plist =>
  dict({
    cidr: unsigned(cidr.prefixLength),
    family: { type: 'integer', value: BigInt(cidr.family === 4 ? afInet : afInet6.netbsd), signed: true },
    ip: data(Buffer.from(parseIp(cidr.address) ?? [])),
  })

const dict = (entries: Record<string, Plist | undefined>): Plist => ({
  type: 'dict',
  entries: new Map(
    Object.entries(entries).filter((entry): entry is [string, Plist] => entry[1] !== undefined),
  ),
})

const array = (items: readonly Plist[]): Plist | undefined =>
  items.length > 0 ? { type: 'array', items } : undefined

const data = (bytes: Buffer): Plist => ({ type: 'data', bytes })

const unsigned = (value: number | bigint): Plist => ({ type: 'integer', value: BigInt(value), signed: false })
