// SPDX-License-Identifier: MIT
import type { Machine } from '@wgq/native/bsd/machine'
import { checkedSize } from './checked-size.ts'
import { deviceError, type IoctlPort } from './ioctl-port.ts'
import { type Memory, memoryOf } from './memory.ts'

/** SIOCGIFGMEMB and struct ifgroupreq of FreeBSD and OpenBSD; sizes and offsets in bytes, the length is a u32. */
export const groupRequestOf = (
  machine: Machine,
): { request: number; bytes: number; length: number; pointer: number; memory: Memory } => ({
  request: machine.fact('SIOCGIFGMEMB'),
  bytes: machine.fact('ifgroupreq.size'),
  length: machine.fact('ifgroupreq.ifgr_len'),
  pointer: machine.fact('ifgroupreq.ifgr_ifgru'),
  memory: memoryOf(machine),
})

/** struct ifg_req: one NUL-padded name. */
export const groupMember = 16

const mostAttempts = 32

/**
 * Names of the interfaces in a group, in the kernel's order; empty when the group does not exist. Needs no privilege.
 * Raises `E_DEVICE`.
 */
export const listGroup = (port: IoctlPort, group: string, machine: Machine): string[] => {
  const layout = groupRequestOf(machine)
  const { memory, request } = layout
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const argument = groupArgument(group, 0, layout)
    const errno = port.ioctl(request, argument)
    if (errno === 'ENOENT') return []
    if (errno !== undefined) throw deviceError(group, errno)
    const block = Buffer.alloc(checkedSize(memory.u32(argument, layout.length)))
    if (block.length === 0) return []
    const filled = groupArgument(group, block.length, layout)
    const second = port.ioctl(request, filled, { offset: layout.pointer, block })
    if (second === undefined) return names(block.subarray(0, memory.u32(filled, layout.length)))
    // EINVAL: the group grew since the first call; ENOENT: its last member was removed.
    if (second !== 'EINVAL' && second !== 'ENOENT') throw deviceError(group, second)
  }
  throw deviceError(group, 'EINVAL')
}

const groupArgument = (group: string, length: number, layout: ReturnType<typeof groupRequestOf>): Buffer => {
  const argument = Buffer.alloc(layout.bytes)
  argument.write(group, 0, 15)
  layout.memory.setU32(argument, layout.length, length)
  return argument
}

const names = (block: Buffer): string[] =>
  Array.from({ length: Math.floor(block.length / groupMember) }, (_, i) =>
    block.toString('utf8', i * groupMember, (i + 1) * groupMember).replace(/\0.*$/s, ''),
  )
