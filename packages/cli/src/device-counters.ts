// SPDX-License-Identifier: MIT
import type { Device } from '@wgq/model/device'
import { UapiDevices } from '@wgq/uapi/client'

/** The device with the extra counters of wgqd; unchanged for every other driver. */
export const withCounters = async (device: Device): Promise<Device> => {
  const counters = await new UapiDevices().counters(device.name)
  return counters ? { ...device, counters } : device
}
