// SPDX-License-Identifier: MIT
import { derivePublicKey } from '@wgq/keys/derive'
import type { Device, DeviceAccess, DeviceChange } from '@wgq/model/device'
import { type Key, keyBytes, keyFromBytes } from '@wgq/model/key'
import { x25519PublicKey } from '@wgq/native/system'
import { UapiDevices } from '@wgq/uapi/client'

/** The userspace sockets, as the choice below needs them. */
export type SocketDevices = DeviceAccess & { answers(name: string): Promise<boolean> }

/** How devices are reached; tests put others in. */
export interface DeviceSources {
  readonly sockets: SocketDevices
  /** The kernel driver of this system, loaded only when it is needed; undefined where there is none. */
  readonly kernel: () => Promise<DeviceAccess | undefined>
}

/** All WireGuard devices of this machine: the userspace socket if one answers, else the kernel driver (spec wg §11). */
export const openDevices = (sources: DeviceSources = systemSources()): DeviceAccess =>
  new ChosenDevices(sources)

class ChosenDevices implements DeviceAccess {
  private readonly sources: DeviceSources

  constructor(sources: DeviceSources) {
    this.sources = sources
  }

  /** Kernel interfaces first, then sockets. */
  async list(): Promise<string[]> {
    const kernel = await this.sources.kernel()
    const names = [...((await kernel?.list()) ?? []), ...(await this.sources.sockets.list())]
    return [...new Set(names)]
  }

  async read(name: string): Promise<Device> {
    return (await this.driverOf(name)).read(name)
  }

  async change(name: string, change: DeviceChange): Promise<void> {
    await (await this.driverOf(name)).change(name, change)
  }

  private async driverOf(name: string): Promise<DeviceAccess> {
    if (await this.sources.sockets.answers(name)) return this.sources.sockets
    // Without a driver the socket reports what is missing.
    return (await this.sources.kernel()) ?? this.sources.sockets
  }
}

const systemSources = (): DeviceSources => ({
  sockets: new UapiDevices(undefined, publicKeyOf),
  kernel: openKernel,
})

/** By the addon, which saves 2 ms of starting node:crypto; where it is not there or does not load, as everywhere else. */
const publicKeyOf = (privateKey: Key): Key => {
  const secret = keyBytes(privateKey)
  try {
    return keyFromBytes(x25519PublicKey(secret))
  } catch {
    return derivePublicKey(privateKey)
  } finally {
    secret.fill(0)
  }
}

const openKernel = async (): Promise<DeviceAccess | undefined> => {
  switch (process.platform) {
    case 'linux':
      return new (await import('./linux/kernel-devices.ts')).KernelDevices()
    case 'freebsd':
    case 'openbsd':
    case 'netbsd':
      return (await import('./bsd/open-kernel.ts')).openBsdKernel(process.platform)
    default:
      return undefined
  }
}
