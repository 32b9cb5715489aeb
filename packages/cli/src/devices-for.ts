// SPDX-License-Identifier: MIT
import { openDevices, openDevicesAsWg } from '@wgq/backends/devices'
import type { DeviceAccess } from '@wgq/model/device'
import type { Invocation } from './command.ts'

/** The device access for the program's name: under the name `wg` exactly as `wg` reads devices. */
export const devicesFor = ({ personality }: Invocation): DeviceAccess =>
  personality === 'wgq' ? openDevices() : openDevicesAsWg()
