// SPDX-License-Identifier: MIT
import { type Device, type DeviceAccess, type DeviceChange, emptyPeer, type Peer } from '@wgq/model/device'
import { WgqError } from '@wgq/model/error'
import type { Key } from '@wgq/model/key'
import { describe, expect, it } from 'vitest'
import { type DeviceSources, openDevices, openDevicesAsWg, type SocketDevices } from './devices.ts'
import { KernelDevices } from './linux/kernel-devices.ts'

/** A driver that has these devices and records its calls. */
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

describe('what a driver cannot do, or says in its own way', () => {
  const key = 'k' as Key
  const removal = {
    peers: [
      {
        publicKey: key,
        allowedIps: [{ family: 4 as const, address: '10.0.0.0', prefixLength: 8, remove: true }],
      },
    ],
  }
  const left = { family: 4 as const, address: '10.9.0.0', prefixLength: 16 }
  const device = (extra: Partial<Peer> = {}): Device => ({
    name: 'wg0',
    listenPort: 0,
    fwmark: 0,
    peers: [
      {
        ...emptyPeer(key),
        allowedIps: [{ family: 4, address: '10.0.0.0', prefixLength: 8 }, left],
        ...extra,
      },
    ],
  })
  const sources = (errno: string, more: Partial<DeviceSources> = {}, answers = true) => {
    const changes: DeviceChange[] = []
    const sockets: SocketDevices = {
      list: async () => ['wg0'],
      answers: async () => answers,
      read: async () => device({ endpoint: { family: 6, address: 'fe80::1', port: 1, zone: '1' } }),
      change: async (_name, change) => {
        changes.push(change)
        if (change.peers[0]?.allowedIps?.some(({ remove }) => remove))
          throw new WgqError('E_DEVICE', errno, { errno })
      },
    }
    return { changes, sources: { sockets, kernel: async () => undefined, ...more } }
  }

  it.each(['EINVAL', 'EPROTO', 'EOPNOTSUPP'])(
    'a removal refused with %s is done by replacing the list',
    async (errno) => {
      const { changes, sources: given } = sources(errno)
      await openDevices(given).change('wg0', removal)
      expect(changes[1]?.peers).toEqual([{ publicKey: key, replaceAllowedIps: true, allowedIps: [left] }])
    },
  )

  it('under the name wg the refusal is the answer, and so is every other refusal', async () => {
    const exact = sources('EINVAL')
    await expect(openDevicesAsWg(exact.sources).change('wg0', removal)).rejects.toMatchObject({
      errno: 'EINVAL',
    })
    const other = sources('EPERM')
    await expect(openDevices(other.sources).change('wg0', removal)).rejects.toMatchObject({ errno: 'EPERM' })
    expect([exact.changes.length, other.changes.length]).toEqual([1, 1])
  })

  it('an interface that does not exist is distinguished from one without a driver', async () => {
    const missing: SocketDevices = {
      ...sources('').sources.sockets,
      answers: async () => false,
      read: async () => {
        throw new WgqError('E_DEVICE', 'Protocol not supported', { errno: 'EPROTONOSUPPORT' })
      },
    }
    const read = (exists: boolean) =>
      openDevices({ sockets: missing, kernel: async () => undefined, linkExists: async () => exists }).read(
        'wg9',
      )
    await expect(read(false)).rejects.toMatchObject({ message: 'there is no interface wg9', errno: 'ENODEV' })
    await expect(read(true)).rejects.toMatchObject({ message: /^wg9 is no WireGuard interface/ })
  })

  it('a daemon that ends between two steps is named as ended', async () => {
    let alive = true
    const ending: SocketDevices = {
      ...sources('').sources.sockets,
      answers: async () => alive,
      read: async () => {
        if (alive) return device()
        throw new WgqError('E_DEVICE', 'No such file or directory', { errno: 'ENOENT' })
      },
    }
    const devices = openDevices({
      sockets: ending,
      kernel: async () => undefined,
      linkExists: async () => false,
    })
    await devices.read('wg0')
    alive = false
    await expect(devices.read('wg0')).rejects.toMatchObject({
      message: 'the daemon that drove wg0 has ended',
    })
  })

  it('names stand for numbers as zones', async () => {
    const { sources: given } = sources('')
    const nameZones = async (told: Device): Promise<Device> => ({ ...told, name: 'named' })
    expect((await openDevices({ ...given, nameZones }).read('wg0')).name).toBe('named')
  })
})
