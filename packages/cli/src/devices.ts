// SPDX-License-Identifier: MIT
import type { Device, DeviceAccess, DeviceChange } from '@wgq/model/device'
import { errnoText } from '@wgq/model/errno'
import { WgqError } from '@wgq/model/error'
import { UapiDevices } from '@wgq/uapi/client'

/** Reaches the devices of this system: those of userspace daemons and those of the kernel. */
export const openDevices = async (): Promise<DeviceAccess> => {
  const userspace = new UapiDevices()
  const present = async (name: string): Promise<void> => {
    if (!(await userspace.answers(name)))
      throw new WgqError('E_DEVICE', errnoText('EPROTONOSUPPORT'), { errno: 'EPROTONOSUPPORT' })
  }
  return {
    list: () => userspace.list(),
    read: async (name: string): Promise<Device> => {
      await present(name)
      return userspace.read(name)
    },
    change: async (name: string, change: DeviceChange): Promise<void> => {
      await present(name)
      await userspace.change(name, change)
    },
  }
}
