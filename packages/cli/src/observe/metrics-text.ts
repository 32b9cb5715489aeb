// SPDX-License-Identifier: MIT
import type { Device, Peer } from '@wgq/model/device'
import { formatEndpoint } from '@wgq/model/endpoint'
import type { Key } from '@wgq/model/key'
import { visible } from '@wgq/model/shown'

/** Names of peers, by public key. */
export type PeerNames = ReadonlyMap<Key, string>

/**
 * The Prometheus text exposition (format 0.0.4) of devices. Peers are labelled by interface and public key; the name
 * and the endpoint are in an info metric, so that a roaming peer does not create a new series. Contains no private key.
 */
export const metricsText = (devices: readonly { device: Device; names: PeerNames }[]): string => {
  const lines: string[] = []
  for (const metric of metrics) {
    const samples = devices.flatMap(({ device, names }) =>
      metric
        .of(device, names)
        .map(([labels, value]) => `${metric.name}${braces({ interface: device.name, ...labels })} ${value}`),
    )
    if (samples.length > 0)
      lines.push(`# HELP ${metric.name} ${metric.help}`, `# TYPE ${metric.name} ${metric.type}`, ...samples)
  }
  return lines.map((line) => `${line}\n`).join('')
}

type Labels = Readonly<Record<string, string>>
type Samples = (readonly [Labels, string | number | bigint])[]

interface Metric {
  readonly name: string
  readonly help: string
  readonly type: 'gauge' | 'counter'
  readonly of: (device: Device, names: PeerNames) => Samples
}

const perPeer =
  (value: (peer: Peer) => string | number | bigint) =>
  (device: Device): Samples =>
    device.peers.map((peer) => [{ public_key: peer.publicKey }, value(peer)])

const metrics: readonly Metric[] = [
  {
    name: 'wireguard_interface_info',
    help: 'An interface; the value is always 1.',
    type: 'gauge',
    of: (device) => [
      [
        {
          public_key: device.publicKey ?? '',
          listen_port: `${device.listenPort}`,
          fwmark: `0x${device.fwmark.toString(16)}`,
        },
        1,
      ],
    ],
  },
  {
    name: 'wireguard_peers',
    help: 'Number of peers of an interface.',
    type: 'gauge',
    of: (device) => [[{}, device.peers.length]],
  },
  {
    name: 'wireguard_peer_info',
    help: 'Name and endpoint of a peer; the value is always 1.',
    type: 'gauge',
    of: (device, names) =>
      device.peers.map((peer) => [
        {
          public_key: peer.publicKey,
          name: names.get(peer.publicKey) ?? '',
          endpoint: peer.endpoint ? formatEndpoint(peer.endpoint) : '',
        },
        1,
      ]),
  },
  {
    name: 'wireguard_peer_last_handshake_seconds',
    help: 'Wall clock of the last complete handshake, seconds since 1970; 0 means never.',
    type: 'gauge',
    of: perPeer((peer) => peer.lastHandshake.seconds),
  },
  {
    name: 'wireguard_peer_receive_bytes_total',
    help: 'Bytes received from a peer, WireGuard messages included.',
    type: 'counter',
    of: perPeer((peer) => peer.rxBytes),
  },
  {
    name: 'wireguard_peer_transmit_bytes_total',
    help: 'Bytes sent to a peer, WireGuard messages included.',
    type: 'counter',
    of: perPeer((peer) => peer.txBytes),
  },
  {
    name: 'wireguard_peer_persistent_keepalive_seconds',
    help: 'Interval of persistent keepalives; 0 means off.',
    type: 'gauge',
    of: perPeer((peer) => peer.keepaliveSeconds),
  },
  {
    name: 'wireguard_dataplane',
    help: 'Counters and gauges of the userspace data plane, by name (wgqd only).',
    type: 'gauge',
    of: (device) => Object.entries(device.counters ?? {}).map(([counter, value]) => [{ counter }, value]),
  },
]

const braces = (labels: Labels): string =>
  `{${Object.entries(labels)
    .map(
      ([label, value]) =>
        `${label}="${visible(value.replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`)))}"`,
    )
    .join(',')}}`
