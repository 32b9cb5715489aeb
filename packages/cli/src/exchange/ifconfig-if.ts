// SPDX-License-Identifier: MIT
import { formatCidr } from '@wgq/model/cidr'
import { bootLosses, bootRoutes, plainName, searchDomains, tableNumber, wgNumbered } from './bsd-routes.ts'
import type { Converted, Tunnel, TunnelPeer } from './tunnel.ts'
import { formatTunnelEndpoint } from './tunnel.ts'

/** NetBSD's kernel stores at most this many allowed IPs per peer, and names of at most this many bytes. */
const mostAllowedIps = 16
const mostNameBytes = 16

/** A file of a NetBSD tunnel, with its full path. */
interface BootFile {
  readonly path: string
  readonly text: string
}

/**
 * Writes /etc/ifconfig.wgN of NetBSD (ifconfig.if(5)) and the key files that its wgconfig(8) lines read. Adds peers in
 * reverse order, because the kernel lists the newest first.
 */
export const printIfconfigIf = (tunnel: Tunnel): Converted<BootFile[]> => {
  const lost = bootLosses(tunnel)
  const name = wgNumbered(tunnel.name)
  if (name !== tunnel.name) lost.push(`the name ${tunnel.name}: NetBSD's interfaces are wgN, wg0 is written`)
  if (tunnel.fwmark !== undefined) lost.push('FwMark: NetBSD has none')
  tableNumber(tunnel, 0, lost)
  const keys: BootFile[] = []
  const key = (label: string, value: string): string => {
    const path = `/etc/wg/${name}${label}`
    keys.push({ path, text: `${value}\n` })
    return path
  }
  const lines = [
    'create',
    ...(tunnel.privateKey === undefined
      ? []
      : [`!wgconfig $int set private-key ${key('', tunnel.privateKey)}`]),
    ...(tunnel.listenPort === undefined ? [] : [`!wgconfig $int set listen-port ${tunnel.listenPort}`]),
    ...tunnel.peers.map((peer, i) => printPeer(peer, i, key, lost)).reverse(),
    ...tunnel.addresses.map(
      (address) => `${address.family === 6 ? 'inet6' : 'inet'} ${formatCidr(address)} alias`,
    ),
    ...(tunnel.mtu === undefined ? [] : [`mtu ${tunnel.mtu}`]),
    'up',
    ...bootRoutes(tunnel).map(({ flag, dst }) => `!route -q -n add ${flag} ${dst} -link $int -iface`),
    ...printDns(tunnel),
  ]
  return { result: [{ path: `/etc/ifconfig.${name}`, text: `${lines.join('\n')}\n` }, ...keys], lost }
}

const printPeer = (
  peer: TunnelPeer,
  index: number,
  key: (label: string, value: string) => string,
  lost: string[],
): string => {
  const { publicKey, presharedKey, endpoint } = peer
  const label = plainName(peer.name, mostNameBytes)?.replaceAll(' ', '-') ?? publicKey.slice(0, mostNameBytes)
  const allowedIps = peer.allowedIps.map(formatCidr)
  if (peer.name !== undefined && label !== peer.name)
    lost.push(`characters of the name "${peer.name}": "${label}" is written`)
  if (allowedIps.length > mostAllowedIps)
    lost.push(`allowed IPs of ${label} beyond the first ${mostAllowedIps}: NetBSD keeps no more`)
  if (peer.keepaliveSeconds !== undefined) lost.push(`PersistentKeepalive of ${label}: NetBSD has none`)
  return [
    `!wgconfig $int add peer ${label} ${publicKey}`,
    ...(presharedKey === undefined ? [] : [`--preshared-key=${key(`.${index + 1}.psk`, presharedKey)}`]),
    ...(endpoint === undefined ? [] : [`--endpoint=${formatTunnelEndpoint(endpoint)}`]),
    ...(allowedIps.length === 0 ? [] : [`--allowed-ips=${allowedIps.slice(0, mostAllowedIps).join(',')}`]),
  ].join(' ')
}

const printDns = (tunnel: Tunnel): string[] => {
  const { dnsServers } = tunnel
  const dnsSearch = searchDomains(tunnel)
  if (dnsServers.length === 0) return []
  const records = [
    ...dnsServers.map((server) => `nameserver ${server}`),
    ...(dnsSearch.length > 0 ? [`search ${dnsSearch.join(' ')}`] : []),
  ]
  return [`!printf '%s\\n' ${records.map((record) => `'${record}'`).join(' ')} | resolvconf -a $int -x`]
}
