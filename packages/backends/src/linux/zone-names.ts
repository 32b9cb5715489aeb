// SPDX-License-Identifier: MIT
import type { Device, DeviceChange } from '@wgq/model/device'
import { Exchange } from '@wgq/netlink/exchange'
import { getLink } from '@wgq/netlink/link'
import { openSocket } from '@wgq/netlink/open-socket'
import { netlinkRoute } from '@wgq/netlink/protocol'

/** The device with the names of interfaces where zones of endpoints are indices; what no interface has stays a number. */
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

/** {@link withZoneNames} of this network namespace; as told where netlink cannot be reached. */
export const nameZones = (device: Device): Promise<Device> =>
  askingLinks(device, (exchange) => withZoneNames(exchange, device))

/**
 * The change with the indices of interfaces where zones of endpoints are names, in this network namespace; as it was where
 * netlink cannot be reached. What is no interface stays as it is.
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

/** What `ask` makes of the links of this network namespace, `otherwise` where netlink cannot be reached. */
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
