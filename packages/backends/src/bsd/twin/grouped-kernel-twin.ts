// SPDX-License-Identifier: MIT
import type { Machine } from '@wgq/native/bsd/machine'
import { groupMember, groupRequestOf } from '../interface-group.ts'
import type { IoctlPointer, IoctlPort } from '../ioctl-port.ts'
import { type TwinRules, WireguardTwin } from './wireguard-twin.ts'

/** What the kernels of FreeBSD and OpenBSD have in common at the ioctl boundary: interfaces by name, in the group `wg`. */
export abstract class GroupedKernelTwin implements IoctlPort {
  readonly interfaces = new Map<string, WireguardTwin>()
  /** 0 for root. */
  uid = 0
  /** Runs between the calls of one read, to let a device change meanwhile. */
  onCall: (() => void) | undefined
  private readonly rules: TwinRules
  private readonly machine: Machine

  /** `rules` are the differences of the driver's devices from another system's. */
  constructor(rules: TwinRules, machine: Machine) {
    this.rules = rules
    this.machine = machine
  }

  /** Creates an interface, replacing one of that name. */
  create(name: string): WireguardTwin {
    const made = new WireguardTwin(this.rules)
    this.interfaces.set(name, made)
    return made
  }

  /** ioctl(2): fills `argument` and the block behind `pointer`; returns the name of an errno, or undefined. */
  ioctl(request: number, argument: Buffer, pointer?: IoctlPointer): string | undefined {
    this.onCall?.()
    if (request === groupRequestOf(this.machine).request)
      return groupMembers([...this.interfaces.keys()], argument, pointer, this.machine)
    const device = this.interfaces.get(nameIn(argument))
    return device ? this.carryOut(device, request, argument, pointer) : 'ENXIO'
  }

  /** A request of the driver's own for a device that exists, with the results of {@link ioctl}. */
  protected abstract carryOut(
    device: WireguardTwin,
    request: number,
    argument: Buffer,
    pointer: IoctlPointer | undefined,
  ): string | undefined
}

/** SIOCGIFGMEMB of the group `wg`. */
const groupMembers = (
  members: readonly string[],
  argument: Buffer,
  pointer: IoctlPointer | undefined,
  machine: Machine,
): string | undefined => {
  const groupRequest = groupRequestOf(machine)
  const { memory } = groupRequest
  const group = nameIn(argument)
  if (group !== 'wg' || members.length === 0) return 'ENOENT'
  const need = members.length * groupMember
  const length = memory.u32(argument, groupRequest.length)
  memory.setU32(argument, groupRequest.length, need)
  if (length === 0) return undefined
  if (length < need || pointer?.offset !== groupRequest.pointer) return 'EINVAL'
  members.forEach((name, i) => {
    pointer.block.write(name, i * groupMember)
  })
  return undefined
}

/** A name of at most 15 bytes at the start of a request. */
const nameIn = (argument: Buffer): string => argument.toString('utf8', 0, 16).replace(/\0.*$/s, '')
