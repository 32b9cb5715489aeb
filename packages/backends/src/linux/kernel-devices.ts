// SPDX-License-Identifier: MIT
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { Device, DeviceAccess, DeviceChange } from '@wgq/model/device'
import { errnoText } from '@wgq/model/errno'
import { isWgqError, WgqError } from '@wgq/model/error'
import { Exchange } from '@wgq/netlink/exchange'
import { getLink, listLinks } from '@wgq/netlink/link'
import { openSocket } from '@wgq/netlink/open-socket'
import { netlinkGeneric, netlinkRoute } from '@wgq/netlink/protocol'
import type { RawSocket } from '@wgq/netlink/raw-socket'
import type { Refusal } from '@wgq/netlink/refusal'
import { changeWireguard, readWireguard } from '@wgq/netlink/wireguard'
import { withZoneNames } from './zone-names.ts'

/** Longest interface name, its NUL included. */
const nameBytes = 16

/** Opens a socket of a netlink family; tests replay recorded answers. */
type OpenSocket = (options: { protocol: number }) => RawSocket

/**
 * WireGuard devices of the kernel driver, over generic netlink. Raises `E_DEVICE` with `errno`: ENODEV, EPERM, EOPNOTSUPP
 * for an interface of another kind, EPROTONOSUPPORT where the kernel has no driver, ENAMETOOLONG.
 */
export class KernelDevices implements DeviceAccess {
  private readonly open: OpenSocket

  constructor(open: OpenSocket = openSocket) {
    this.open = open
  }

  /** Interfaces of kind `wireguard`, from sysfs if netlink is not available. */
  async list(): Promise<string[]> {
    const links = await this.route(listLinks).catch((error: unknown) => {
      if (isWgqError(error) && isWgqError(error.cause) && error.cause.code === 'E_NO_ADDON')
        return linksOfSysfs()
      throw error
    })
    return links.filter((link) => link.kind === 'wireguard').map((link) => link.name)
  }

  async read(name: string): Promise<Device> {
    checkLength(name)
    const device = await this.generic((exchange) => readWireguard(exchange, name))
    if (!device.peers.some((peer) => peer.endpoint?.zone)) return device
    return this.route((exchange) => withZoneNames(exchange, device))
  }

  async change(name: string, change: DeviceChange): Promise<void> {
    checkLength(name)
    const numbered = change.peers.some((peer) => peer.endpoint?.zone)
      ? await this.route((exchange) => zonesByIndex(exchange, change))
      : change
    await this.generic((exchange) => changeWireguard(exchange, name, numbered))
  }

  private route<T>(act: (exchange: Exchange) => Promise<T>): Promise<T> {
    return this.with(netlinkRoute, act)
  }

  private generic<T>(act: (exchange: Exchange) => Promise<T>): Promise<T> {
    return this.with(netlinkGeneric, act)
  }

  private async with<T>(protocol: number, act: (exchange: Exchange) => Promise<T>): Promise<T> {
    let exchange: Exchange | undefined
    try {
      exchange = new Exchange(this.open({ protocol }))
      return await act(exchange)
    } catch (error) {
      throw deviceError(error)
    } finally {
      exchange?.close()
    }
  }
}

const checkLength = (name: string): void => {
  if (Buffer.byteLength(name) >= nameBytes)
    throw new WgqError(
      'E_DEVICE',
      `An interface name has at most 15 bytes, found ${Buffer.byteLength(name)}`,
      {
        errno: 'ENAMETOOLONG',
      },
    )
}

const zonesByIndex = async (exchange: Exchange, change: DeviceChange): Promise<DeviceChange> => {
  const peers = []
  for (const peer of change.peers) {
    const zone = peer.endpoint?.zone
    if (!peer.endpoint || zone === undefined || /^[0-9]+$/.test(zone)) {
      peers.push(peer)
      continue
    }
    const link = await getLink(exchange, zone)
    if (!link) throw new WgqError('E_DEVICE', `There is no interface "${zone}"`, { errno: 'ENODEV' })
    peers.push({ ...peer, endpoint: { ...peer.endpoint, zone: String(link.index) } })
  }
  return { ...change, peers }
}

const linksOfSysfs = (): { name: string; kind: string | undefined }[] => {
  const folder = '/sys/class/net'
  const kindOf = (name: string): string | undefined => {
    try {
      return /^DEVTYPE=(.*)$/m.exec(readFileSync(`${folder}/${name}/uevent`, 'utf8'))?.[1]
    } catch {
      return undefined
    }
  }
  return existsSync(folder) ? readdirSync(folder).map((name) => ({ name, kind: kindOf(name) })) : []
}

const deviceError = (error: unknown): unknown => {
  if (!isWgqError(error) || (error.code !== 'E_NETLINK' && error.code !== 'E_NO_ADDON')) return error
  const errno = error.errno ?? 'EPROTONOSUPPORT'
  // The kernel's message, if there is one; `wg` prints strerror of `errno`.
  const noAddon = error.code === 'E_NO_ADDON'
  const words = noAddon ? error.message : (error as Refusal).extendedAck
  const hint = noAddon ? `${error.message}; ${error.hint}` : error.hint
  return new WgqError('E_DEVICE', words ?? errnoText(errno), {
    errno,
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  })
}
