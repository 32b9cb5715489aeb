// SPDX-License-Identifier: MIT
import type { Device, DeviceAccess, DeviceChange } from '@wgq/model/device'
import { hasRemovals, hasUpdateOnly, resolveRemovals, resolveUpdateOnly } from '../allowed-ip-edits.ts'
import { checkedSize } from '../bsd/checked-size.ts'
import { listGroup } from '../bsd/interface-group.ts'
import { deviceError, type IoctlPort, writeName } from '../bsd/ioctl-port.ts'
import type { InterfaceIndex } from '../bsd/sockaddr.ts'
import { changeToNvlist } from './device-change.ts'
import { deviceFromNvlist } from './device-reply.ts'
import { packNvlist } from './nvlist-pack.ts'
import { unpackNvlist } from './nvlist-unpack.ts'

/** SIOCSWG and SIOCGWG: _IOWR('i', 210 and 211, 32 bytes). */
export const siocswg = 0xc02069d2
export const siocgwg = 0xc02069d3

/** struct wg_data_io of FreeBSD: name at 0, pointer at 16, size at 24. */
export const dataBlock = { bytes: 32, pointer: 16, size: 24 } as const

/** How often a device may grow between the size probe and the read before we give up. */
const mostAttempts = 32

/** FreeBSD's wg(4): one packed list in, one out (spec bsd §2). */
export class FreebsdDevices implements DeviceAccess {
  private readonly port: IoctlPort
  private readonly interfaceIndex: InterfaceIndex

  constructor(port: IoctlPort, interfaceIndex: InterfaceIndex) {
    this.port = port
    this.interfaceIndex = interfaceIndex
  }

  /** The members of interface group `wg`. */
  async list(): Promise<string[]> {
    return listGroup(this.port, 'wg')
  }

  async read(name: string): Promise<Device> {
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      const needed = this.probe(name)
      const argument = dataArgument(name, needed)
      const block = Buffer.alloc(needed)
      const errno = this.port.ioctl(siocgwg, argument, { offset: dataBlock.pointer, block })
      // A peer came between the two calls.
      if (errno === 'ENOSPC') continue
      if (errno !== undefined) throw deviceError(name, errno)
      const size = Math.min(Number(argument.readBigUInt64LE(dataBlock.size)), block.length)
      return deviceFromNvlist(name, unpackNvlist(block.subarray(0, size)))
    }
    throw deviceError(name, 'ENOSPC')
  }

  /** Sets everything in one call. Not atomic: after an error the device may hold a part of the change. */
  async change(name: string, change: DeviceChange): Promise<void> {
    const block = packNvlist(changeToNvlist(await this.resolve(name, change), this.interfaceIndex))
    const argument = dataArgument(name, block.length)
    const errno = this.port.ioctl(siocswg, argument, { offset: dataBlock.pointer, block })
    block.fill(0)
    if (errno !== undefined) throw deviceError(name, errno)
  }

  /** Size of the description, without its content. */
  private probe(name: string): number {
    const argument = dataArgument(name, 0)
    const errno = this.port.ioctl(siocgwg, argument)
    if (errno !== undefined) throw deviceError(name, errno)
    return checkedSize(argument.readBigUInt64LE(dataBlock.size))
  }

  private async resolve(name: string, change: DeviceChange): Promise<DeviceChange> {
    if (!hasRemovals(change) && !hasUpdateOnly(change)) return change
    const device = await this.read(name)
    return resolveUpdateOnly(resolveRemovals(change, device), device)
  }
}

const dataArgument = (name: string, size: number): Buffer => {
  const argument = Buffer.alloc(dataBlock.bytes)
  writeName(argument, name)
  argument.writeBigUInt64LE(BigInt(size), dataBlock.size)
  return argument
}
