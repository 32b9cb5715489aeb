// SPDX-License-Identifier: MIT

import { openDevices } from '@wgq/backends/devices'
import type { DeviceChange } from '@wgq/model/device'
import { deviceFault } from './device-fault.ts'

const longestName = 15

/** An interface name as `set` and its kin use it: silently cut to 15 bytes (spec wg §4). */
export const cutName = (name: string): string =>
  Buffer.byteLength(name) <= longestName ? name : Buffer.from(name).toString('utf8', 0, longestName)

/** Applies a change; resolves to exit status 0 or raises `E_DEVICE` in wg's words. */
export const changeDevice = async (name: string, change: DeviceChange): Promise<number> => {
  const devices = openDevices()
  try {
    await devices.change(cutName(name), change)
    return 0
  } catch (error) {
    throw deviceFault('Unable to modify interface', error)
  }
}
