// SPDX-License-Identifier: MIT

import { formatCidr } from '@wgq/model/cidr'
import type { Device, Peer } from '@wgq/model/device'
import { formatEndpoint } from '@wgq/model/endpoint'
import type { Key } from '@wgq/model/key'

/** An interface of `wgq show --json` (docs/schema/show.json). Includes secret keys only if `showKeys` is set. */
export const deviceJson = (device: Device, showKeys: boolean, names: ReadonlyMap<Key, string>): object => ({
  name: device.name,
  publicKey: device.publicKey ?? null,
  hasPrivateKey: device.privateKey !== undefined,
  ...(showKeys && { privateKey: device.privateKey ?? null }),
  listenPort: device.listenPort,
  ...(device.listenError === undefined ? {} : { listenError: device.listenError }),
  fwmark: device.fwmark,
  peers: device.peers.map((peer) => ({
    ...peerJson(peer, showKeys),
    name: names.get(peer.publicKey) ?? null,
  })),
  ...(device.counters && { counters: device.counters }),
})

const peerJson = (peer: Peer, showKeys: boolean): object => ({
  publicKey: peer.publicKey,
  hasPresharedKey: peer.presharedKey !== undefined,
  ...(showKeys && { presharedKey: peer.presharedKey ?? null }),
  endpoint: peer.endpoint ? formatEndpoint(peer.endpoint) : null,
  allowedIps: peer.allowedIps.map(formatCidr),
  latestHandshake: peer.lastHandshake.seconds === 0n ? null : peer.lastHandshake.seconds,
  rxBytes: peer.rxBytes,
  txBytes: peer.txBytes,
  persistentKeepaliveSeconds: peer.keepaliveSeconds,
  ...(peer.note === undefined ? {} : { note: peer.note }),
})
