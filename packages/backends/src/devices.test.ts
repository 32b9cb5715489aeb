// SPDX-License-Identifier: MIT
import type { Device, DeviceAccess } from '@wgq/model/device'
import { WgqError } from '@wgq/model/error'
import { describe, expect, it } from 'vitest'
import { openDevices, type SocketDevices } from './devices.ts'
import { KernelDevices } from './linux/kernel-devices.ts'

/** A driver that has these devices and remembers what it was asked. */
class FakeDriver implements DeviceAccess {
  readonly asked: string[] = []
  private readonly names: readonly string[]

  constructor(names: readonly string[]) {
    this.names = names
  }

  async list(): Promise<string[]> {
    return [...this.names]
  }

  async read(name: string): Promise<Device> {
    this.asked.push(`read ${name}`)
    return { name, listenPort: 0, fwmark: 0, peers: [] }
  }

  async change(name: string): Promise<void> {
    this.asked.push(`change ${name}`)
  }

  async answers(name: string): Promise<boolean> {
    return this.names.includes(name)
  }
}

const setUp = (kernelNames: readonly string[] | undefined, socketNames: readonly string[]) => {
  const kernel = kernelNames && new FakeDriver(kernelNames)
  const sockets: FakeDriver & SocketDevices = new FakeDriver(socketNames)
  let loaded = 0
  const devices = openDevices({
    sockets,
    kernel: async () => {
      loaded++
      return kernel
    },
  })
  return { devices, kernel, sockets, loads: () => loaded }
}

describe('choosing what drives a device', () => {
  it('takes the socket when it answers, and never loads the kernel driver then', async () => {
    const { devices, sockets, loads } = setUp(['wg0'], ['wg0'])
    await devices.read('wg0')
    await devices.change('wg0', { peers: [] })
    expect(sockets.asked).toEqual(['read wg0', 'change wg0'])
    expect(loads()).toBe(0)
  })

  it('takes the kernel otherwise', async () => {
    const { devices, kernel, sockets } = setUp(['wg0'], ['wg1'])
    await devices.read('wg0')
    expect(kernel?.asked).toEqual(['read wg0'])
    expect(sockets.asked).toEqual([])
  })

  it('leaves it to the socket to complain where there is no driver', async () => {
    const { devices, sockets } = setUp(undefined, [])
    await devices.read('wg9')
    expect(sockets.asked).toEqual(['read wg9'])
  })

  it('lists the kernel first, every name once', async () => {
    expect(await setUp(['wg0', 'wg2'], ['wg1', 'wg2']).devices.list()).toEqual(['wg0', 'wg2', 'wg1'])
    expect(await setUp(undefined, ['wg1']).devices.list()).toEqual(['wg1'])
  })

  it('lists nothing of the kernel where netlink cannot be reached', async () => {
    const blind = new KernelDevices(() => {
      throw new WgqError('E_NO_ADDON', 'not built', { errno: 'EPROTONOSUPPORT' })
    })
    expect(await blind.list()).toEqual([])
    await expect(blind.read('wg0')).rejects.toMatchObject({ code: 'E_DEVICE', errno: 'EPROTONOSUPPORT' })
  })
})
