// SPDX-License-Identifier: MIT
import { maskCidr } from '@wgq/model/cidr'
import type { Device, DeviceAccess, DeviceChange } from '@wgq/model/device'
import { hasRemovals, resolveRemovals } from '../allowed-ip-edits.ts'
import { checkedSize } from '../bsd/checked-size.ts'
import { listGroup } from '../bsd/interface-group.ts'
import { deviceError, type IoctlPort, writeName } from '../bsd/ioctl-port.ts'
import type { InterfaceIndex } from '../bsd/sockaddr.ts'
import { encodeChange } from './device-change.ts'
import { decodeDevice } from './device-reply.ts'
import { interfaceRecord, type PeerRecord, peerRecordOf } from './layout.ts'

/** SIOCSWG and SIOCGWG: the numbers of FreeBSD, another argument. */
export const siocswg = 0xc02069d2
export const siocgwg = 0xc02069d3

/** struct wg_data_io of OpenBSD: name at 0, size at 16, pointer at 24. */
export const dataBlock = { bytes: 32, size: 16, pointer: 24 } as const

const mostAttempts = 32

/** OpenBSD's wg(4): nested records, the same two ioctls for both layouts (spec bsd §3). */
export class OpenbsdDevices implements DeviceAccess {
  private readonly port: IoctlPort
  private readonly layout: PeerRecord
  private readonly interfaceIndex: InterfaceIndex

  /** `release` is `os.release()` (`7.8`). */
  constructor(port: IoctlPort, release: string, interfaceIndex: InterfaceIndex) {
    this.port = port
    this.layout = peerRecordOf(release)
    this.interfaceIndex = interfaceIndex
  }

  /** The members of interface group `wg`. */
  async list(): Promise<string[]> {
    return listGroup(this.port, 'wg')
  }

  /** Too small a block is no error here: the needed size comes back and nothing is copied. */
  async read(name: string): Promise<Device> {
    let block = Buffer.alloc(0)
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      const argument = dataArgument(name, block.length)
      const errno = this.port.ioctl(siocgwg, argument, { offset: dataBlock.pointer, block })
      if (errno !== undefined) throw deviceError(name, errno)
      const size = checkedSize(argument.readBigUInt64LE(dataBlock.size))
      if (size <= block.length && block.length >= interfaceRecord.bytes)
        return decodeDevice(name, block.subarray(0, size), this.layout)
      block = Buffer.alloc(Math.max(size, interfaceRecord.bytes))
    }
    throw deviceError(name, 'ENOMEM')
  }

  /** Sets everything in one call. Not atomic: after an error the device may hold a part of the change. */
  async change(name: string, change: DeviceChange): Promise<void> {
    const resolved = hasRemovals(change) ? resolveRemovals(change, await this.read(name)) : change
    const block = encodeChange(maskAllowedIps(resolved), this.layout, this.interfaceIndex)
    const argument = dataArgument(name, block.length)
    const errno = this.port.ioctl(siocswg, argument, { offset: dataBlock.pointer, block })
    block.fill(0)
    if (errno !== undefined) throw deviceError(name, errno)
  }
}

/** The kernel keeps host bits as typed; masked ones make output equal to the other systems'. */
const maskAllowedIps = (change: DeviceChange): DeviceChange => ({
  ...change,
  peers: change.peers.map((peer) =>
    peer.allowedIps ? { ...peer, allowedIps: peer.allowedIps.map((cidr) => ({ ...maskCidr(cidr) })) } : peer,
  ),
})

const dataArgument = (name: string, size: number): Buffer => {
  const argument = Buffer.alloc(dataBlock.bytes)
  writeName(argument, name)
  argument.writeBigUInt64LE(BigInt(size), dataBlock.size)
  return argument
}
