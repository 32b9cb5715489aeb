// SPDX-License-Identifier: MIT
import { endianness } from 'node:os'
import { WgqError } from '@wgq/model/error'
import { ioctl, ioctlWithPointer } from '@wgq/native/system'
import type { IoctlPort } from './ioctl-port.ts'

/**
 * The kernel itself: each call on a datagram socket of `family`. Raises `E_UNSUPPORTED` on machines whose structures have
 * another layout than those of amd64 and arm64.
 */
export const openIoctlPort = (family: number): IoctlPort => {
  if (endianness() !== 'LE' || !/64$/.test(process.arch))
    throw new WgqError(
      'E_UNSUPPORTED',
      `Expected a 64-bit little-endian machine (amd64, arm64), found ${process.arch}`,
      { hint: 'The userspace data plane works without the kernel driver' },
    )
  return {
    ioctl: (request, argument, pointer) => {
      try {
        if (pointer) ioctlWithPointer({ family }, request, argument, pointer.offset, pointer.block)
        else ioctl({ family }, request, argument)
        return undefined
      } catch (error) {
        const { code } = error as { code?: unknown }
        if (code === 'E_NO_ADDON') throw new WgqError('E_NO_ADDON', (error as Error).message)
        if (typeof code === 'string') return code
        throw error
      }
    },
  }
}
