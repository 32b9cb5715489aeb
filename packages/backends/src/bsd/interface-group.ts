// SPDX-License-Identifier: MIT
import { checkedSize } from './checked-size.ts'
import { deviceError, type IoctlPort } from './ioctl-port.ts'

/** SIOCGIFGMEMB of FreeBSD and OpenBSD: _IOWR('i', 138, 40 bytes). */
export const siocgifgmemb = 0xc028698a

/** struct ifgroupreq: group name at 0, length in bytes (u32) at 16, pointer at 24. */
export const groupRequest = { bytes: 40, length: 16, pointer: 24 } as const

/** struct ifg_req: one NUL-padded name. */
export const groupMember = 16

const mostAttempts = 32

/**
 * Names of the interfaces in a group, in the kernel's order; empty when the group does not exist. Needs no privilege.
 * Raises `E_DEVICE`.
 */
export const listGroup = (port: IoctlPort, group: string): string[] => {
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const argument = groupArgument(group, 0)
    const errno = port.ioctl(siocgifgmemb, argument)
    if (errno === 'ENOENT') return []
    if (errno !== undefined) throw deviceError(group, errno)
    const block = Buffer.alloc(checkedSize(argument.readUInt32LE(groupRequest.length)))
    if (block.length === 0) return []
    const filled = groupArgument(group, block.length)
    const second = port.ioctl(siocgifgmemb, filled, { offset: groupRequest.pointer, block })
    if (second === undefined) return names(block.subarray(0, filled.readUInt32LE(groupRequest.length)))
    // EINVAL: the group grew since the first call; ENOENT: its last member went.
    if (second !== 'EINVAL' && second !== 'ENOENT') throw deviceError(group, second)
  }
  throw deviceError(group, 'EINVAL')
}

const groupArgument = (group: string, length: number): Buffer => {
  const argument = Buffer.alloc(groupRequest.bytes)
  argument.write(group, 0, 15)
  argument.writeUInt32LE(length, groupRequest.length)
  return argument
}

const names = (block: Buffer): string[] =>
  Array.from({ length: Math.floor(block.length / groupMember) }, (_, i) =>
    block.toString('utf8', i * groupMember, (i + 1) * groupMember).replace(/\0.*$/s, ''),
  )
