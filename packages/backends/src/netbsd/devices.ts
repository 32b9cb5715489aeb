// SPDX-License-Identifier: MIT
import { type Device, type DeviceAccess, type DeviceChange, emptyPeer } from '@wgq/model/device'
import type { Key } from '@wgq/model/key'
import { amd64, type Machine } from '@wgq/native/bsd/machine'
import { checkChange } from '../bsd/checked-change.ts'
import type { CommandRunner } from '../bsd/command-runner.ts'
import { deviceError, type IoctlPort, writeName } from '../bsd/ioctl-port.ts'
import { type Memory, memoryOf } from '../bsd/memory.ts'
import type { InterfaceIndex } from '../bsd/sockaddr.ts'
import { planChange } from './change-plan.ts'
import { type DriverReply, readReply } from './device-reply.ts'
import { printPlist } from './plist.ts'
import { parsePlist } from './plist-parser.ts'
import type { DriverRequest } from './request.ts'

/** SIOCSDRVSPEC, SIOCGDRVSPEC and struct ifdrv of a machine; sizes and offsets in bytes. */
export const driverBlockOf = (
  machine: Machine,
): {
  set: number
  get: number
  bytes: number
  command: number
  length: number
  pointer: number
  memory: Memory
} => ({
  set: machine.fact('SIOCSDRVSPEC'),
  get: machine.fact('SIOCGDRVSPEC'),
  bytes: machine.fact('ifdrv.size'),
  command: machine.fact('ifdrv.ifd_cmd'),
  length: machine.fact('ifdrv.ifd_len'),
  pointer: machine.fact('ifdrv.ifd_data'),
  memory: memoryOf(machine),
})

/** Too small a buffer gives EINVAL without the needed size: start with a guess and grow. */
const firstReadBytes = 1 << 16
const lastReadBytes = 1 << 22

/** What {@link NetbsdDevices} needs from outside. */
interface NetbsdSurroundings {
  readonly port: IoctlPort
  /** amd64 unless given. */
  readonly machine?: Machine
  readonly runner: CommandRunner
  readonly interfaceIndex: InterfaceIndex
  /** Derives the public key by X25519: the kernel never reports it. */
  readonly publicKeyOf: (privateKey: Key) => Key
  /** Receives messages about what the kernel cannot do, one sentence each. */
  readonly warn: (sentence: string) => void
}

/** NetBSD's wg(4): property lists, one setting per call (spec bsd §4). */
export class NetbsdDevices implements DeviceAccess {
  private readonly around: NetbsdSurroundings
  private readonly block: ReturnType<typeof driverBlockOf>

  constructor(around: NetbsdSurroundings) {
    this.around = around
    this.block = driverBlockOf(around.machine ?? amd64('netbsd'))
  }

  /** Interfaces named wgN; there are no groups. */
  async list(): Promise<string[]> {
    const { stdout } = await this.around.runner.run(['ifconfig', '-l'])
    return stdout.split(/\s+/).filter((name) => /^wg[0-9]+$/.test(name))
  }

  async read(name: string): Promise<Device> {
    const reply = this.readReply(name)
    return {
      name,
      ...(reply.privateKey
        ? { privateKey: reply.privateKey, publicKey: this.around.publicKeyOf(reply.privateKey) }
        : {}),
      listenPort: reply.listenPort,
      fwmark: 0,
      peers: reply.peers.map(({ name: _, ...peer }) => ({ ...emptyPeer(peer.publicKey), ...peer })),
    }
  }

  /** Reads, plans and carries out one call after the other; after an error earlier calls stay in effect. */
  async change(name: string, change: DeviceChange): Promise<void> {
    checkChange(change, 'netbsd')
    const plan = planChange(this.readReply(name), change, this.around.interfaceIndex, this.block.memory)
    for (const request of plan.requests) this.send(name, request)
    plan.warnings.forEach(this.around.warn)
  }

  private readReply(name: string): DriverReply {
    for (let size = firstReadBytes; ; size *= 2) {
      const block = Buffer.alloc(size)
      const argument = driverArgument(name, 0, size, this.block)
      const errno = this.around.port.ioctl(this.block.get, argument, { offset: this.block.pointer, block })
      if (errno === 'EINVAL' && size < lastReadBytes) continue
      if (errno !== undefined) throw deviceError(name, errno)
      const end = block.indexOf(0)
      return readReply(parsePlist(block.toString('utf8', 0, end < 0 ? size : end)), this.block.memory)
    }
  }

  private send(name: string, request: DriverRequest): void {
    const block = Buffer.from(printPlist(request.plist))
    const argument = driverArgument(name, request.command, block.length, this.block)
    const errno = this.around.port.ioctl(this.block.set, argument, { offset: this.block.pointer, block })
    block.fill(0)
    if (errno !== undefined) throw deviceError(name, errno)
  }
}

/** struct ifdrv without its pointer; `length` is the text without NUL on set, the size of the block on get. */
export const driverArgument = (
  name: string,
  command: number,
  length: number,
  block: ReturnType<typeof driverBlockOf>,
): Buffer => {
  const argument = Buffer.alloc(block.bytes)
  writeName(argument, name)
  block.memory.setWord(argument, block.command, BigInt(command))
  block.memory.setWord(argument, block.length, BigInt(length))
  return argument
}
