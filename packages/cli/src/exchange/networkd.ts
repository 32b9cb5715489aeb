// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'
import type { Converted, Tunnel, TunnelPeer } from './tunnel.ts'
import { isFullTunnel } from './tunnel.ts'
import type { UnitSection } from './unit-file.ts'
import { printUnit, readUnit } from './unit-file.ts'

/** The two files of systemd-networkd for a tunnel (systemd.netdev(5), systemd.network(5)). */
export interface NetworkdFiles {
  readonly netdev: string
  readonly network: string
}

// What wg-quick begins with (spec wg-quick §6.4). Rules of networkd need fixed places: in front of main (32766).
const fullTunnelMark = '51820'
const rulePriorities = { suppress: '32764', tunnel: '32765' }

/** Writes the units of networkd. Full tunnels get the rules that wg-quick would set. */
export const printNetworkd = (tunnel: Tunnel): NetworkdFiles => {
  const full = isFullTunnel(tunnel)
  const off = tunnel.fwmark === undefined || /^(?:off|0)$/i.test(tunnel.fwmark)
  const mark = off && full ? fullTunnelMark : off ? '' : (tunnel.fwmark ?? '')
  const auto = tunnel.table === undefined || tunnel.table === 'auto'
  const netdev: UnitSection[] = [
    {
      name: 'NetDev',
      entries: [
        ['Name', tunnel.name],
        ['Kind', 'wireguard'],
        ['MTUBytes', tunnel.mtu ?? ''],
      ],
    },
    {
      name: 'WireGuard',
      entries: [
        ['PrivateKey', tunnel.privateKey ?? ''],
        ['ListenPort', tunnel.listenPort ?? ''],
        ['FirewallMark', mark],
        ['RouteTable', full ? String(Number(mark)) : auto ? 'main' : (tunnel.table ?? '')],
      ],
    },
    ...tunnel.peers.map(
      (peer): UnitSection => ({
        name: 'WireGuardPeer',
        entries: [
          ['PublicKey', peer.publicKey ?? ''],
          ['PresharedKey', peer.presharedKey ?? ''],
          ['AllowedIPs', peer.allowedIps.join(',')],
          ['Endpoint', peer.endpoint ?? ''],
          ['PersistentKeepalive', peer.keepalive ?? ''],
        ],
      }),
    ),
  ]
  // wg-quick gives resolvconf -x: these servers and no others.
  const exclusive = tunnel.dnsServers.length > 0
  const network: UnitSection[] = [
    { name: 'Match', entries: [['Name', tunnel.name]] },
    {
      name: 'Network',
      entries: [
        ...tunnel.addresses.map((address) => ['Address', address] as const),
        ...tunnel.dnsServers.map((server) => ['DNS', server] as const),
        ['Domains', exclusive ? [...tunnel.dnsSearch, '~.'].join(' ') : ''],
      ],
    },
    ...(full ? rules(mark) : []),
  ]
  return { netdev: printUnit(netdev), network: printUnit(network) }
}

const rules = (mark: string): UnitSection[] => [
  {
    name: 'RoutingPolicyRule',
    entries: [
      ['SuppressPrefixLength', '0'],
      ['Table', 'main'],
      ['Priority', rulePriorities.suppress],
      ['Family', 'both'],
    ],
  },
  {
    name: 'RoutingPolicyRule',
    entries: [
      ['FirewallMark', mark],
      ['InvertRule', 'true'],
      ['Table', String(Number(mark))],
      ['Priority', rulePriorities.tunnel],
      ['Family', 'both'],
    ],
  },
]

/** Reads a .netdev and, where there is one, its .network. Raises `E_IMPORT` for another kind of device. */
export const readNetworkd = (netdevText: string, networkText: string): Converted<Tunnel> => {
  const netdev = readUnit(netdevText)
  const network = readUnit(networkText)
  const kind = get(netdev, 'NetDev', 'Kind')
  if (kind?.toLowerCase() !== 'wireguard') {
    throw new WgqError('E_IMPORT', `A netdev of Kind=wireguard is expected, found ${kind ?? 'none'}`, {
      hint: 'give the .netdev file of the tunnel, and its .network file behind it',
    })
  }
  const lost: string[] = []
  const peers = netdev
    .filter(({ name }) => name === 'WireGuardPeer')
    .map((section) => readPeer(section, lost))
  const hasRules = network.some(
    ({ name, entries }) =>
      name === 'RoutingPolicyRule' && entries.some(([key]) => key === 'SuppressPrefixLength'),
  )
  const mark = get(netdev, 'WireGuard', 'FirewallMark')
  const routeTable = get(netdev, 'WireGuard', 'RouteTable')
  const chosen = hasRules && mark !== undefined && Number(mark) === Number(routeTable)
  const keyFile = get(netdev, 'WireGuard', 'PrivateKeyFile')
  const port = get(netdev, 'WireGuard', 'ListenPort')
  const domains = words(network, 'Domains').filter((domain) => domain !== '~.')
  const routing = domains.filter((domain) => domain.startsWith('~'))
  if (routing.length > 0) lost.push(`Domains=${routing.join(' ')}: wg-quick has no routing domains`)
  for (const name of ['Route', 'NextHop', 'DHCPv4', 'DHCPServer', 'IPv6AcceptRA']) {
    if (network.some((section) => section.name === name)) lost.push(`[${name}]: not a thing of wg-quick`)
  }
  if (!chosen && network.some(({ name }) => name === 'RoutingPolicyRule')) {
    lost.push('[RoutingPolicyRule]: write the rules as PostUp hooks')
  }
  const table = chosen ? undefined : tableOf(routeTable, peers)
  return {
    lost,
    result: {
      name: get(netdev, 'NetDev', 'Name') ?? 'wg0',
      privateKey: get(netdev, 'WireGuard', 'PrivateKey'),
      listenPort: port === 'auto' ? undefined : port,
      fwmark: chosen ? undefined : mark,
      mtu: get(netdev, 'NetDev', 'MTUBytes'),
      table,
      addresses: [...words(network, 'Address'), ...addressSections(network)],
      dnsServers: words(network, 'DNS').map((server) => server.replace(/#.*$/, '')),
      dnsSearch: domains.filter((domain) => !domain.startsWith('~')),
      hooks: keyFile === undefined ? [] : [`PostUp = wg set %i private-key ${keyFile}`],
      peers,
    },
  }
}

const readPeer = (section: UnitSection, lost: string[]): TunnelPeer => {
  const one = (key: string): string | undefined => get([section], section.name, key)
  for (const key of ['PresharedKeyFile', 'PublicKeyFile', 'RouteTable', 'RouteMetric']) {
    if (one(key) !== undefined) lost.push(`${key} of a peer: not a thing of wg-quick`)
  }
  return {
    publicKey: one('PublicKey'),
    presharedKey: one('PresharedKey'),
    endpoint: one('Endpoint'),
    keepalive: one('PersistentKeepalive'),
    allowedIps: section.entries.flatMap(([key, value]) =>
      key === 'AllowedIPs' ? value.split(/[,\s]+/) : [],
    ),
  }
}

/** networkd sets no routes unless told to; `main` is what wg-quick does anyway, except with a default route. */
const tableOf = (routeTable: string | undefined, peers: readonly TunnelPeer[]): string | undefined => {
  if (routeTable === undefined || routeTable === 'off') return 'off'
  const everything = peers.some(({ allowedIps }) => allowedIps.some((prefix) => prefix.endsWith('/0')))
  return routeTable === 'main' && !everything ? undefined : routeTable
}

const get = (sections: readonly UnitSection[], name: string, key: string): string | undefined =>
  sections
    .filter((section) => section.name === name)
    .flatMap(({ entries }) => entries.filter((entry) => entry[0] === key).map(([, value]) => value))
    .at(-1) || undefined

const words = (sections: readonly UnitSection[], key: string): string[] =>
  sections
    .filter(({ name }) => name === 'Network')
    .flatMap(({ entries }) => entries.flatMap(([name, value]) => (name === key ? value.split(/\s+/) : [])))
    .filter((word) => word !== '')

const addressSections = (sections: readonly UnitSection[]): string[] =>
  sections
    .filter(({ name }) => name === 'Address')
    .flatMap(({ entries }) => entries.flatMap(([key, value]) => (key === 'Address' ? [value] : [])))
