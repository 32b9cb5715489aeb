// SPDX-License-Identifier: MIT
import { type Cidr, formatCidr } from '@wgq/model/cidr'
import type { Key } from '@wgq/model/key'
import { visible } from '@wgq/model/shown'
import type { Hook } from './hook.ts'

/**
 * A tunnel in the terms that all formats share. Every value has been read into its type: printing one can make no line that
 * was not in the source. What is absent is left to the program.
 */
export interface Tunnel {
  /** A name that Linux takes. */
  readonly name: string
  readonly privateKey?: Key | undefined
  readonly listenPort?: number | undefined
  /** 1 to 0xffffffff. */
  readonly fwmark?: number | undefined
  /** Bytes. */
  readonly mtu?: number | undefined
  /** As wg-quick reads it: `off`, a number or a name without white space; absent is `auto`. */
  readonly table?: string | undefined
  /** Host bits stay. */
  readonly addresses: readonly Cidr[]
  /** Addresses; IPv6 may have a zone. */
  readonly dnsServers: readonly string[]
  /** Search domains, and with `~` in front domains that alone are asked for at these servers. */
  readonly dnsSearch: readonly string[]
  readonly hooks: readonly Hook[]
  /** Each key once. */
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

/** What a conversion gives: the result, and sentences about what could not be carried over. */
export interface Converted<T> {
  readonly result: T
  readonly lost: readonly string[]
}

/** `vpn.example:51820`, `[2001:db8::1]:51820`. */
export const formatTunnelEndpoint = ({ host, port }: TunnelEndpoint): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

/** The configuration file of a tunnel. */
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

/** The IP versions for which a peer takes everything. */
export const defaultFamilies = (peers: readonly TunnelPeer[]): ReadonlySet<4 | 6> =>
  new Set(
    peers.flatMap(({ allowedIps }) =>
      allowedIps.filter(({ prefixLength }) => prefixLength === 0).map(({ family }) => family),
    ),
  )

/** Says whether wg-quick would send everything through the tunnel and set rules for it (spec wg-quick §6.4). */
export const isFullTunnel = ({ table, peers }: Tunnel): boolean =>
  table === undefined && defaultFamilies(peers).size > 0

/** Addresses or prefixes of one IP version. */
export const ofFamily = (cidrs: readonly Cidr[], family: 4 | 6): Cidr[] =>
  cidrs.filter((cidr) => cidr.family === family)
