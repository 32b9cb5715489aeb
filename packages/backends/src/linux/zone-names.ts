// SPDX-License-Identifier: MIT
import type { Device } from '@wgq/model/device'
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
export const nameZones = async (device: Device): Promise<Device> => {
  let exchange: Exchange | undefined
  try {
    exchange = new Exchange(openSocket({ protocol: netlinkRoute }))
    return await withZoneNames(exchange, device)
  } catch {
    return device
  } finally {
    exchange?.close()
  }
}
