// SPDX-License-Identifier: MIT
import type { Device, DeviceChange } from '@wgq/model/device'
import { Exchange } from '@wgq/netlink/exchange'
import { getLink } from '@wgq/netlink/link'
import { openSocket } from '@wgq/netlink/open-socket'
import { netlinkRoute } from '@wgq/netlink/protocol'

/** Replaces interface indices by names in the zones of endpoints; an index without an interface stays a number. */
export const withZoneNames = async (exchange: Exchange, device: Device): Promise<Device> => {
  const names = new Map<string, string>()
  const peers = []
  for (const peer of device.peers) {
    const zone = peer.endpoint?.zone
    if (!peer.endpoint || zone === undefined || !/^[0-9]+$/.test(zone)) {
      peers.push(peer)
      continue
    }
    const name = names.get(zone) ?? (await getLink(exchange, Number(zone)))?.name ?? zone
    names.set(zone, name)
    peers.push({ ...peer, endpoint: { ...peer.endpoint, zone: name } })
  }
  return { ...device, peers }
}

/** {@link withZoneNames} in this network namespace; returns the device unchanged if netlink is not available. */
export const nameZones = (device: Device): Promise<Device> =>
  askingLinks(device, (exchange) => withZoneNames(exchange, device))

/**
 * Replaces interface names by indices in the zones of endpoints, in this network namespace; returns the change
 * unchanged if netlink is not available. Unknown names stay.
 */
export const numberZones = (change: DeviceChange): Promise<DeviceChange> =>
  askingLinks(change, async (exchange) => {
    const peers = []
    for (const peer of change.peers) {
      const zone = peer.endpoint?.zone
      const link = zone === undefined ? undefined : await getLink(exchange, zone)
      peers.push(
        peer.endpoint && link ? { ...peer, endpoint: { ...peer.endpoint, zone: `${link.index}` } } : peer,
      )
    }
    return { ...change, peers }
  })

/** Runs `ask` with netlink in this network namespace; returns `otherwise` if netlink is not available. */
const askingLinks = async <T>(otherwise: T, ask: (exchange: Exchange) => Promise<T>): Promise<T> => {
  let exchange: Exchange | undefined
  try {
    exchange = new Exchange(openSocket({ protocol: netlinkRoute }))
    return await ask(exchange)
  } catch {
    return otherwise
  } finally {
    exchange?.close()
  }
}
