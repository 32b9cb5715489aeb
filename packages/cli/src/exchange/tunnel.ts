// SPDX-License-Identifier: MIT
import { type Cidr, formatCidr } from '@wgq/model/cidr'
import type { Key } from '@wgq/model/key'
import { visible } from '@wgq/model/shown'
import type { Hook } from './hook.ts'

/**
 * A tunnel in terms common to all formats. Every value has been parsed into its type, so printing one cannot produce a
 * line that was not in the source. Absent values are left to the program.
 */
export interface Tunnel {
  /** A valid Linux interface name. */
  readonly name: string
  readonly privateKey?: Key | undefined
  readonly listenPort?: number | undefined
  /** 1 to 0xffffffff. */
  readonly fwmark?: number | undefined
  /** Bytes. */
  readonly mtu?: number | undefined
  /** As wg-quick reads it: `off`, a number or a name without white space; absent means `auto`. */
  readonly table?: string | undefined
  /** Host bits are kept. */
  readonly addresses: readonly Cidr[]
  /** Addresses; IPv6 may have a zone. */
  readonly dnsServers: readonly string[]
  /** Search domains; with a leading `~`, only their names are resolved with these servers. */
  readonly dnsSearch: readonly string[]
  readonly hooks: readonly Hook[]
  /** Each key only once. */
  readonly peers: readonly TunnelPeer[]
}

/** One peer of a {@link Tunnel}. */
export interface TunnelPeer {
  readonly name?: string | undefined
  readonly publicKey: Key
  readonly presharedKey?: Key | undefined
  readonly endpoint?: TunnelEndpoint | undefined
  /** 1 to 65535. */
  readonly keepaliveSeconds?: number | undefined
  /** Without host bits. */
  readonly allowedIps: readonly Cidr[]
}

/** An endpoint as written: the host may be a name. IPv6 addresses have no brackets here. */
export interface TunnelEndpoint {
  readonly host: string
  readonly port: number
}

/** Result of a conversion, with sentences about lost settings. */
export interface Converted<T> {
  readonly result: T
  readonly lost: readonly string[]
}

/** Formats an endpoint: `vpn.example:51820`, `[2001:db8::1]:51820`. */
export const formatTunnelEndpoint = ({ host, port }: TunnelEndpoint): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

/** Prints the configuration file of a tunnel. */
export const printTunnel = (tunnel: Tunnel): string => {
  const lines = ['[Interface]']
  const put = (key: string, value: string | number | undefined): void => {
    if (value !== undefined && value !== '') lines.push(`${key} = ${value}`)
  }
  put('PrivateKey', tunnel.privateKey)
  put('ListenPort', tunnel.listenPort)
  put('FwMark', tunnel.fwmark)
  put('Address', tunnel.addresses.map(formatCidr).join(', '))
  put('DNS', [...tunnel.dnsServers, ...tunnel.dnsSearch].join(', '))
  put('MTU', tunnel.mtu)
  put('Table', tunnel.table)
  for (const { time, command } of tunnel.hooks) lines.push(`${time} = ${command}`)
  for (const peer of tunnel.peers) {
    lines.push('', '[Peer]')
    if (peer.name !== undefined) lines.push(`# Name = ${visible(peer.name)}`)
    put('PublicKey', peer.publicKey)
    put('PresharedKey', peer.presharedKey)
    put('AllowedIPs', peer.allowedIps.map(formatCidr).join(', '))
    put('Endpoint', peer.endpoint && formatTunnelEndpoint(peer.endpoint))
    put('PersistentKeepalive', peer.keepaliveSeconds)
  }
  return `${lines.join('\n')}\n`
}

/** The address families for which a peer has a default route. */
export const defaultFamilies = (peers: readonly TunnelPeer[]): ReadonlySet<4 | 6> =>
  new Set(
    peers.flatMap(({ allowedIps }) =>
      allowedIps.filter(({ prefixLength }) => prefixLength === 0).map(({ family }) => family),
    ),
  )

/** Whether wg-quick would route everything through the tunnel and add rules for it (spec wg-quick §6.4). */
export const isFullTunnel = ({ table, peers }: Tunnel): boolean =>
  table === undefined && defaultFamilies(peers).size > 0

/** Leaves out what was there before: other programs ignore it, `up` refuses the same address twice. */
export const withoutRepeats = (cidrs: readonly Cidr[]): Cidr[] => [
  ...new Map(cidrs.map((cidr) => [formatCidr(cidr), cidr])).values(),
]

/** The addresses or prefixes of one family. */
export const ofFamily = (cidrs: readonly Cidr[], family: 4 | 6): Cidr[] =>
  cidrs.filter((cidr) => cidr.family === family)
