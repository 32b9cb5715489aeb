// SPDX-License-Identifier: MIT
import type { Device, DeviceAccess, DeviceChange } from '@wgq/model/device'
import { amd64, type Machine } from '@wgq/native/bsd/machine'
import { hasRemovals, hasUpdateOnly, resolveRemovals, resolveUpdateOnly } from '../allowed-ip-edits.ts'
import { checkChange } from '../bsd/checked-change.ts'
import { checkedSize } from '../bsd/checked-size.ts'
import { listGroup } from '../bsd/interface-group.ts'
import { deviceError, type IoctlPort, writeName } from '../bsd/ioctl-port.ts'
import { type Memory, memoryOf } from '../bsd/memory.ts'
import type { InterfaceIndex } from '../bsd/sockaddr.ts'
import { changeToNvlist } from './device-change.ts'
import { deviceFromNvlist } from './device-reply.ts'
import { packNvlist } from './nvlist-pack.ts'
import { unpackNvlist } from './nvlist-unpack.ts'

/** SIOCSWG, SIOCGWG and struct wg_data_io of a machine; sizes and offsets in bytes. */
export const dataBlockOf = (
  machine: Machine,
): { set: number; get: number; bytes: number; pointer: number; size: number } => ({
  set: machine.fact('SIOCSWG'),
  get: machine.fact('SIOCGWG'),
  bytes: machine.fact('wg_data_io.size'),
  pointer: machine.fact('wg_data_io.wgd_data'),
  size: machine.fact('wg_data_io.wgd_size'),
})

/** How many times a device may grow between the size probe and the read before we give up. */
const mostAttempts = 32

/** FreeBSD's wg(4): one packed list in, one out (spec bsd §2). */
export class FreebsdDevices implements DeviceAccess {
  private readonly port: IoctlPort
  private readonly interfaceIndex: InterfaceIndex

  private readonly machine: Machine
  private readonly memory: Memory
  private readonly data: ReturnType<typeof dataBlockOf>

  constructor(port: IoctlPort, interfaceIndex: InterfaceIndex, machine: Machine = amd64('freebsd')) {
    this.port = port
    this.machine = machine
    this.memory = memoryOf(machine)
    this.data = dataBlockOf(machine)
    this.interfaceIndex = interfaceIndex
  }

  /** The members of interface group `wg`. */
  async list(): Promise<string[]> {
    return listGroup(this.port, 'wg', this.machine)
  }

  async read(name: string): Promise<Device> {
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      const needed = this.probe(name)
      const argument = this.argument(name, needed)
      const block = Buffer.alloc(needed)
      const errno = this.port.ioctl(this.data.get, argument, { offset: this.data.pointer, block })
      // A peer was added between the two calls.
      if (errno === 'ENOSPC') continue
      if (errno !== undefined) throw deviceError(name, errno)
      const size = Math.min(Number(this.memory.word(argument, this.data.size)), block.length)
      return deviceFromNvlist(name, unpackNvlist(block.subarray(0, size)), this.memory)
    }
    throw deviceError(name, 'ENOSPC')
  }

  /** Sets everything in one call. Not atomic: after an error the device may hold a part of the change. */
  async change(name: string, change: DeviceChange): Promise<void> {
    checkChange(change, 'freebsd')
    const list = changeToNvlist(await this.resolve(name, change), this.interfaceIndex, this.memory)
    const block = packNvlist(list, this.machine.littleEndian)
    const argument = this.argument(name, block.length)
    const errno = this.port.ioctl(this.data.set, argument, { offset: this.data.pointer, block })
    block.fill(0)
    if (errno !== undefined) throw deviceError(name, errno)
  }

  /** Size of the description, without its content. */
  private probe(name: string): number {
    const argument = this.argument(name, 0)
    const errno = this.port.ioctl(this.data.get, argument)
    if (errno !== undefined) throw deviceError(name, errno)
    return checkedSize(this.memory.word(argument, this.data.size))
  }

  private async resolve(name: string, change: DeviceChange): Promise<DeviceChange> {
    if (!hasRemovals(change) && !hasUpdateOnly(change)) return change
    const device = await this.read(name)
    return resolveUpdateOnly(resolveRemovals(change, device), device)
  }

  private argument(name: string, size: number): Buffer {
    const argument = Buffer.alloc(this.data.bytes)
    writeName(argument, name)
    this.memory.setWord(argument, this.data.size, BigInt(size))
    return argument
  }
}
