// SPDX-License-Identifier: MIT
import { maskCidr } from '@wgq/model/cidr'
import type { Device, DeviceAccess, DeviceChange } from '@wgq/model/device'
import { amd64, type Machine } from '@wgq/native/bsd/machine'
import { hasRemovals, resolveRemovals } from '../allowed-ip-edits.ts'
import { checkChange } from '../bsd/checked-change.ts'
import { checkedSize } from '../bsd/checked-size.ts'
import { listGroup } from '../bsd/interface-group.ts'
import { deviceError, type IoctlPort, writeName } from '../bsd/ioctl-port.ts'
import type { InterfaceIndex } from '../bsd/sockaddr.ts'
import { encodeChange } from './device-change.ts'
import { decodeDevice } from './device-reply.ts'
import { abiOf, type Records, recordsOf } from './layout.ts'

const mostAttempts = 32

/** OpenBSD's wg(4): nested records, the same two ioctls for both layouts (spec bsd §3). */
export class OpenbsdDevices implements DeviceAccess {
  private readonly port: IoctlPort
  /** The records of the release's ABI, then those of the other ABI. */
  private readonly records: readonly [Records, Records]
  private readonly machine: Machine
  private readonly interfaceIndex: InterfaceIndex

  /** `release` is `os.release()` (`7.8`). */
  constructor(
    port: IoctlPort,
    release: string,
    interfaceIndex: InterfaceIndex,
    machine: Machine = amd64('openbsd'),
  ) {
    this.port = port
    this.machine = machine
    const abi = abiOf(release)
    this.records = [recordsOf(machine, abi), recordsOf(machine, abi === '7.4' ? '7.3' : '7.4')]
    this.interfaceIndex = interfaceIndex
  }

  /** The members of interface group `wg`. */
  async list(): Promise<string[]> {
    return listGroup(this.port, 'wg', this.machine)
  }

  /** Too small a block is not an error here: the kernel returns the needed size and copies nothing. */
  async read(name: string): Promise<Device> {
    const [records] = this.records
    const { data, device, memory } = records
    let block = Buffer.alloc(0)
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      const argument = dataArgument(name, block.length, records)
      const errno = this.port.ioctl(records.requests.get, argument, { offset: data.pointer, block })
      if (errno !== undefined) throw deviceError(name, errno)
      const size = checkedSize(memory.word(argument, data.size))
      if (size <= block.length && block.length >= device.bytes)
        return decodeDevice(name, block.subarray(0, size), this.records)
      block = Buffer.alloc(Math.max(size, device.bytes))
    }
    throw deviceError(name, 'ENOMEM')
  }

  /** Sets everything in one call. Not atomic: after an error the device may hold a part of the change. */
  async change(name: string, change: DeviceChange): Promise<void> {
    checkChange(change, 'openbsd')
    const [records] = this.records
    const resolved = hasRemovals(change) ? resolveRemovals(change, await this.read(name)) : change
    const block = encodeChange(maskAllowedIps(resolved), records, this.interfaceIndex)
    const argument = dataArgument(name, block.length, records)
    const errno = this.port.ioctl(records.requests.set, argument, { offset: records.data.pointer, block })
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

const dataArgument = (name: string, size: number, { data, memory }: Records): Buffer => {
  const argument = Buffer.alloc(data.bytes)
  writeName(argument, name)
  memory.setWord(argument, data.size, BigInt(size))
  return argument
}
