// SPDX-License-Identifier: MIT
import { derivePublicKey } from '@wgq/keys/derive'
import type { Device, DeviceAccess, DeviceChange } from '@wgq/model/device'
import { isWgqError, WgqError } from '@wgq/model/error'
import { type Key, keyBytes, keyFromBytes } from '@wgq/model/key'
import { x25519PublicKey } from '@wgq/native/system'
import { UapiDevices } from '@wgq/uapi/client'
import { connectToDaemon } from './daemon-connection.ts'

/** The userspace sockets, as the choice below needs them. */
export type SocketDevices = DeviceAccess & { answers(name: string): Promise<boolean> }

/** How to reach devices; tests replace these. */
export interface DeviceSources {
  readonly sockets: SocketDevices
  /** The kernel driver of this system, loaded only when needed; undefined if there is none. */
  readonly kernel: () => Promise<DeviceAccess | undefined>
  /** Replaces interface indices by names in the zones of endpoints; zones stay unchanged if absent. */
  readonly nameZones?: (device: Device) => Promise<Device>
  /** Replaces interface names by indices in the zones of endpoints. */
  readonly numberZones?: (change: DeviceChange) => Promise<DeviceChange>
  /** Whether a network interface of this name exists; unknown if absent. */
  readonly linkExists?: (name: string) => Promise<boolean>
}

/**
 * All WireGuard devices of this machine: the userspace socket if one answers, else the kernel driver (spec wg §11).
 * Deviations of daemons and kernels from the protocol are corrected, and unsupported changes are replaced by equivalent
 * ones. `expected` is the approximate size of a device's configuration in characters, which determines the timeout for
 * a daemon. `ours` are names whose daemon is wgqd.
 */
export const openDevices = (
  sources?: DeviceSources,
  expected = 0,
  ours: ReadonlySet<string> = new Set(),
): DeviceAccess => new ChosenDevices(sources ?? systemSources({ exact: false, expected, ours }), false)

/** The same devices without these corrections: exactly as `wg` reads and changes them, including its errors. */
export const openDevicesAsWg = (sources?: DeviceSources, expected = 0): DeviceAccess =>
  new ChosenDevices(sources ?? systemSources({ exact: true, expected }), true)

class ChosenDevices implements DeviceAccess {
  private readonly sources: DeviceSources
  private readonly exact: boolean
  /** Devices that had a daemon when they were last used. */
  private readonly behindSockets = new Set<string>()

  constructor(sources: DeviceSources, exact: boolean) {
    this.sources = sources
    this.exact = exact
  }

  /** Kernel interfaces first, then sockets. */
  async list(): Promise<string[]> {
    const kernel = await this.sources.kernel()
    const names = [...((await kernel?.list()) ?? []), ...(await this.sources.sockets.list())]
    return [...new Set(names)]
  }

  async read(name: string): Promise<Device> {
    const device = await this.guarded(name, (driver) => driver.read(name))
    const numbered = device.peers.some(
      ({ endpoint }) => endpoint?.zone !== undefined && /^[0-9]/.test(endpoint.zone),
    )
    return numbered ? ((await this.sources.nameZones?.(device)) ?? device) : device
  }

  async change(name: string, change: DeviceChange): Promise<void> {
    await this.guarded(name, async (driver) => {
      try {
        await driver.change(name, change)
      } catch (error) {
        if (this.exact || !refuses(error)) throw error
        const other = await this.inOtherWords(name, driver, change)
        if (!other) throw error
        await driver.change(name, other)
      }
    })
  }

  /** An equivalent change for a driver that refused the original; undefined if there is none. */
  private async inOtherWords(
    name: string,
    driver: DeviceAccess,
    change: DeviceChange,
  ): Promise<DeviceChange | undefined> {
    // boringtun and gotatun read the zone of an endpoint only as a number.
    const zoned = change.peers.some(({ endpoint }) => endpoint?.zone !== undefined)
    const numbered = zoned ? await this.sources.numberZones?.(change) : undefined
    if (!change.peers.some((peer) => peer.allowedIps?.some(({ remove }) => remove))) return numbered
    // Linux before 6.16, boringtun and gotatun cannot remove one allowed IP: the peer gets the remaining list.
    const { resolveRemovals } = await import('./allowed-ip-edits.ts')
    return resolveRemovals(numbered ?? change, await driver.read(name))
  }

  private async guarded<T>(name: string, act: (driver: DeviceAccess) => Promise<T>): Promise<T> {
    const driver = await this.driverOf(name)
    try {
      return await act(driver)
    } catch (error) {
      throw this.exact ? error : await this.explained(name, error)
    }
  }

  /** Distinguishes the causes of a missing device: no interface, one without a driver, a daemon that ended. */
  private async explained(name: string, error: unknown): Promise<unknown> {
    if (!isWgqError(error) || !looksMissing.has(error.errno ?? '')) return error
    if (await this.sources.sockets.answers(name)) return error
    const because = (errno: string | undefined, message: string): WgqError =>
      new WgqError('E_DEVICE', message, { ...(errno === undefined ? {} : { errno }), cause: error })
    if (this.behindSockets.has(name)) return because('ENODEV', `the daemon that drove ${name} has ended`)
    const exists = await this.sources.linkExists?.(name).catch(() => undefined)
    if (exists === undefined) return error
    return exists
      ? because(error.errno, `${name} is not a WireGuard interface, or the daemon that drove it has ended`)
      : because('ENODEV', `there is no interface ${name}`)
  }

  private async driverOf(name: string): Promise<DeviceAccess> {
    if (await this.sources.sockets.answers(name)) {
      this.behindSockets.add(name)
      return this.sources.sockets
    }
    // Without a driver the socket reports what is missing.
    return (await this.sources.kernel()) ?? this.sources.sockets
  }
}

const looksMissing = new Set(['ENODEV', 'ENOENT', 'EPROTONOSUPPORT', 'ECONNREFUSED', 'EPROTO', 'ENXIO'])

/** Whether the error is a driver's answer to an unsupported change. */
const refuses = (error: unknown): boolean =>
  isWgqError(error) && ['EINVAL', 'EOPNOTSUPP', 'EPROTO'].includes(error.errno ?? '')

const systemSources = (options: {
  readonly exact: boolean
  readonly expected: number
  readonly ours?: ReadonlySet<string>
}): DeviceSources => ({
  sockets: new UapiDevices(undefined, { ...options, derive: publicKeyOf, connect: connectToDaemon }),
  kernel: openKernel,
  ...(process.platform === 'linux'
    ? { nameZones: nameLinuxZones, numberZones: numberLinuxZones, linkExists }
    : {}),
})

const nameLinuxZones = async (device: Device): Promise<Device> =>
  (await import('./linux/zone-names.ts')).nameZones(device)

const numberLinuxZones = async (change: DeviceChange): Promise<DeviceChange> =>
  (await import('./linux/zone-names.ts')).numberZones(change)

const linkExists = async (name: string): Promise<boolean> => {
  const { openHost } = await import('./host.ts')
  const host = await openHost()
  try {
    return (await host.link(name)) !== undefined
  } finally {
    host.close()
  }
}

/**
 * Uses the addon, which saves 2 ms of starting node:crypto; falls back to that if the addon is missing or does not
 * load.
 */
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
