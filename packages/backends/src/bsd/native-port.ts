// SPDX-License-Identifier: MIT
import { constants } from 'node:os'
import { WgqError } from '@wgq/model/error'
import type { AddonError } from '@wgq/native/addon'
import { ioctl, ioctlWithPointer } from '@wgq/native/system'
import type { IoctlPort } from './ioctl-port.ts'

/**
 * Calls the real kernel, each time on a datagram socket of `family`. Raises `E_NO_ADDON` on the first call if the addon
 * is not built.
 */
export const openIoctlPort = (family: number): IoctlPort => {
  return {
    ioctl: (request, argument, pointer) => {
      try {
        if (pointer) ioctlWithPointer({ family }, request, argument, pointer.offset, pointer.block)
        else ioctl({ family }, request, argument)
        return undefined
      } catch (error) {
        return errnoOf(error)
      }
    },
  }
}

/**
 * The name of the errno that the addon reports. The addon names the common ones; others (`E89`) are looked up in Node's
 * table.
 */
const errnoOf = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'E_NO_ADDON') throw new WgqError('E_NO_ADDON', message, { hint: (error as AddonError).hint })
  if (typeof code !== 'string') throw error
  const number = /^E([0-9]+)$/.exec(code)?.[1]
  const name = Object.entries(constants.errno).find(([, value]) => String(value) === number)?.[0]
  return name ?? code
}
