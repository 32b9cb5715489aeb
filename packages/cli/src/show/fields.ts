// SPDX-License-Identifier: MIT
import { formatCidr } from '@wgq/model/cidr'
import type { Device, Peer } from '@wgq/model/device'
import { formatEndpoint } from '@wgq/model/endpoint'

/** The fields of `wg show NAME`, in the order of its usage text. */
export const fieldNames = [
  'public-key',
  'private-key',
  'listen-port',
  'fwmark',
  'peers',
  'preshared-keys',
  'endpoints',
  'allowed-ips',
  'latest-handshakes',
  'transfer',
  'persistent-keepalive',
  'dump',
] as const

/** A field of `wg show`. */
type FieldName = (typeof fieldNames)[number]

/** Whether `wg show` has a field of this name. */
export const isFieldName = (text: string): text is FieldName => fieldNames.includes(text as FieldName)

/** Formats one field of a device for scripts, as lines with tabs; `prefix` is put before each line (spec wg §2.4). */
export const formatField = (device: Device, field: FieldName, prefix = ''): string =>
  formats[field](device)
    .map((line) => `${prefix}${line}\n`)
    .join('')

const none = '(none)'
const endpoint = (peer: Peer) => (peer.endpoint ? formatEndpoint(peer.endpoint) : none)
const fwmark = (device: Device) => (device.fwmark === 0 ? 'off' : `0x${device.fwmark.toString(16)}`)
const keepalive = (peer: Peer) => (peer.keepaliveSeconds === 0 ? 'off' : String(peer.keepaliveSeconds))
const allowedIps = (peer: Peer, separator: string) =>
  peer.allowedIps.length === 0 ? none : peer.allowedIps.map(formatCidr).join(separator)

const perPeer =
  (value: (peer: Peer) => string) =>
  (device: Device): string[] =>
    device.peers.map((peer) => `${peer.publicKey}\t${value(peer)}`)

const formats: Record<FieldName, (device: Device) => string[]> = {
  'public-key': (device) => [device.publicKey ?? none],
  'private-key': (device) => [device.privateKey ?? none],
  'listen-port': (device) => [String(device.listenPort)],
  fwmark: (device) => [fwmark(device)],
  peers: (device) => device.peers.map((peer) => peer.publicKey),
  'preshared-keys': perPeer((peer) => peer.presharedKey ?? none),
  endpoints: perPeer(endpoint),
  'allowed-ips': perPeer((peer) => allowedIps(peer, ' ')),
  'latest-handshakes': perPeer((peer) => String(peer.lastHandshake.seconds)),
  transfer: perPeer((peer) => `${peer.rxBytes}\t${peer.txBytes}`),
  'persistent-keepalive': perPeer(keepalive),
  dump: (device) => [
    [device.privateKey ?? none, device.publicKey ?? none, device.listenPort, fwmark(device)].join('\t'),
    ...device.peers.map((peer) =>
      [
        peer.publicKey,
        peer.presharedKey ?? none,
        endpoint(peer),
        allowedIps(peer, ','),
        peer.lastHandshake.seconds,
        peer.rxBytes,
        peer.txBytes,
        keepalive(peer),
      ].join('\t'),
    ),
  ],
}
