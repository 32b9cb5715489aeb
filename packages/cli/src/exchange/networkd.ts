// SPDX-License-Identifier: MIT
import { formatCidr } from '@wgq/model/cidr'
import { visible } from '@wgq/model/shown'
import type { Converted, Tunnel } from './tunnel.ts'
import { defaultFamilies, formatTunnelEndpoint, isFullTunnel } from './tunnel.ts'
import type { UnitSection } from './unit-file.ts'
import { printUnit } from './unit-file.ts'

/** The two files of systemd-networkd for a tunnel (systemd.netdev(5), systemd.network(5)). */
interface NetworkdFiles {
  readonly netdev: string
  readonly network: string
}

/** The first mark that wg-quick tries for a full tunnel without its own mark (spec wg-quick §6.4). */
export const fullTunnelMark = 51820

// networkd needs fixed rule priorities: before the main table's (32766).
const rulePriorities = { suppress: '32764', tunnel: '32765' }

/** Writes the units of networkd. Full tunnels get the rules that wg-quick would add. */
export const printNetworkd = (tunnel: Tunnel): Converted<NetworkdFiles> => {
  const lost: string[] = []
  const full = isFullTunnel(tunnel)
  const mark = tunnel.fwmark ?? (full ? fullTunnelMark : undefined)
  const own = tableOf(tunnel, lost)
  const netdev: UnitSection[] = [
    {
      name: 'NetDev',
      entries: [
        ['Name', tunnel.name],
        ['Kind', 'wireguard'],
        ['MTUBytes', String(tunnel.mtu ?? '')],
      ],
    },
    {
      name: 'WireGuard',
      entries: [
        ['PrivateKey', tunnel.privateKey ?? ''],
        ['ListenPort', String(tunnel.listenPort ?? '')],
        ['FirewallMark', String(mark ?? '')],
        ['RouteTable', full ? String(mark) : own],
      ],
    },
    ...tunnel.peers.map(
      (peer): UnitSection => ({
        name: 'WireGuardPeer',
        comments: peer.name === undefined ? [] : [`Name = ${visible(peer.name)}`],
        entries: [
          ['PublicKey', peer.publicKey],
          ['PresharedKey', peer.presharedKey ?? ''],
          ['AllowedIPs', peer.allowedIps.map(formatCidr).join(',')],
          ['Endpoint', peer.endpoint === undefined ? '' : formatTunnelEndpoint(peer.endpoint)],
          ['PersistentKeepalive', String(peer.keepaliveSeconds ?? '')],
        ],
      }),
    ),
  ]
  const asked = tunnel.dnsServers.length > 0
  // wg-quick passes -x to resolvconf: use only these servers, unless domains are routed to them.
  const everyName = tunnel.dnsSearch.some((domain) => domain.startsWith('~')) ? [] : ['~.']
  const network: UnitSection[] = [
    { name: 'Match', entries: [['Name', tunnel.name]] },
    {
      name: 'Network',
      entries: [
        ...tunnel.addresses.map((address) => ['Address', formatCidr(address)] as const),
        ...tunnel.dnsServers.map((server) => ['DNS', server] as const),
        ['Domains', asked ? [...tunnel.dnsSearch, ...everyName].join(' ') : ''],
      ],
    },
    ...(full ? rules(String(mark), defaultFamilies(tunnel.peers)) : []),
  ]
  return { result: { netdev: printUnit(netdev), network: printUnit(network) }, lost }
}

const tableOf = ({ table }: Tunnel, lost: string[]): string => {
  if (table === undefined) return 'main'
  if (/^(?:off|main|local|default|[0-9]+)$/.test(table)) return table
  lost.push(
    `Table = ${table}: networkd knows this name only if RouteTable= of networkd.conf has it; no routes are written`,
  )
  return 'off'
}

const rules = (mark: string, families: ReadonlySet<4 | 6>): UnitSection[] => {
  const family = families.size > 1 ? 'both' : families.has(4) ? 'ipv4' : 'ipv6'
  return [
    {
      name: 'RoutingPolicyRule',
      entries: [
        ['SuppressPrefixLength', '0'],
        ['Table', 'main'],
        ['Priority', rulePriorities.suppress],
        ['Family', family],
      ],
    },
    {
      name: 'RoutingPolicyRule',
      entries: [
        ['FirewallMark', mark],
        ['InvertRule', 'true'],
        ['Table', mark],
        ['Priority', rulePriorities.tunnel],
        ['Family', family],
      ],
    },
  ]
}
