// SPDX-License-Identifier: MIT
import { openDevices, openDevicesAsWg } from '@wgq/backends/devices'
import type { DeviceAccess } from '@wgq/model/device'
import type { Invocation } from './command.ts'

/** The devices as the program's name reads them: under the name `wg` exactly as `wg` does. */
export const devicesFor = ({ personality }: Invocation): DeviceAccess =>
  personality === 'wgq' ? openDevices() : openDevicesAsWg()
