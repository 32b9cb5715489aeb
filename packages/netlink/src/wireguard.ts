// SPDX-License-Identifier: MIT
import type { Device, DeviceChange } from '@wgq/model/device'
import type { Exchange } from './exchange.ts'
import { findFamily, genericHeader } from './generic.ts'
import { flag } from './protocol.ts'
import { command, deviceAttribute } from './wireguard-attributes.ts'
import { WireguardGet } from './wireguard-get.ts'
import { WireguardSet } from './wireguard-set.ts'

/**
 * Reads a device of the kernel driver: `wg show NAME`. Zones of endpoints are interface indices. Raises {@link Refusal}
 * (ENODEV, EPERM, EOPNOTSUPP …).
 */
export const readWireguard = async (exchange: Exchange, name: string): Promise<Device> => {
  const family = await findFamily(exchange, 'wireguard')
  const device = new WireguardGet(name)
  await exchange.dump(
    family,
    // wg requests an acknowledgement too, which a dump never sends (spec wg §13.1).
    flag.ack,
    (writer) => {
      genericHeader(writer, command.get)
      writer.textAttribute(deviceAttribute.interfaceName, name)
    },
    { read: (message) => device.read(message), restart: () => device.restart() },
  )
  return device.finish()
}

/**
 * Changes a device of the kernel driver: `wg set NAME …`; zones of endpoints are interface indices. Sends several
 * messages if one is too small; the kernel applies each separately, so a {@link Refusal} leaves the earlier ones in
 * effect.
 */
export const changeWireguard = async (
  exchange: Exchange,
  name: string,
  change: DeviceChange,
): Promise<void> => {
  const family = await findFamily(exchange, 'wireguard')
  const messages = new WireguardSet(name, change)
  while (!messages.done) {
    await exchange.request(family, 0, (writer) => {
      genericHeader(writer, command.set)
      messages.write(writer)
    })
  }
}
