// SPDX-License-Identifier: MIT
import type { DeviceChange } from '@wgq/model/device'
import type { Invocation } from './command.ts'
import { deviceFault } from './device-fault.ts'
import { devicesFor } from './devices-for.ts'

const longestName = 15

/** An interface name as `set` and related verbs use it: silently cut to 15 bytes (spec wg §4). */
export const cutName = (name: string): string =>
  Buffer.byteLength(name) <= longestName ? name : Buffer.from(name).toString('utf8', 0, longestName)

/** Applies a change; resolves to exit status 0 or raises `E_DEVICE` in wg's words. */
export const changeDevice = async (
  invocation: Invocation,
  name: string,
  change: DeviceChange,
): Promise<number> => {
  try {
    await devicesFor(invocation).change(cutName(name), change)
    return 0
  } catch (error) {
    throw deviceFault('Unable to modify interface', error)
  }
}
