// SPDX-License-Identifier: MIT
import { parseDocument } from '@wgq/config/document'
import { peerNames } from '@wgq/config/names'
import type { Section } from '@wgq/config/outline'
import { outline } from '@wgq/config/outline'
import { readWgLine } from '@wgq/config/reading'
import { readSettings } from '@wgq/config/settings'

/** A tunnel in the terms that all formats share; values as written, absent ones left out. */
export interface Tunnel {
  readonly name: string
  readonly privateKey?: string | undefined
  readonly listenPort?: string | undefined
  readonly fwmark?: string | undefined
  readonly mtu?: string | undefined
  /** As wg-quick reads it: absent is `auto`. */
  readonly table?: string | undefined
  readonly addresses: readonly string[]
  readonly dnsServers: readonly string[]
  readonly dnsSearch: readonly string[]
  /** Whole lines, `PostUp = …`. */
  readonly hooks: readonly string[]
  readonly peers: readonly TunnelPeer[]
}

/** One peer of a {@link Tunnel}. */
export interface TunnelPeer {
  readonly name?: string | undefined
  readonly publicKey?: string | undefined
  readonly presharedKey?: string | undefined
  readonly endpoint?: string | undefined
  readonly keepalive?: string | undefined
  readonly allowedIps: readonly string[]
}

/** What a conversion gives: the result, and sentences about what could not be carried over. */
export interface Converted<T> {
  readonly result: T
  readonly lost: readonly string[]
}

/** Reads a configuration file. Raises `E_SAVE_CONFIG`. */
export const readTunnel = (name: string, text: string, file: string): Converted<Tunnel> => {
  const settings = readSettings(text, file)
  const document = parseDocument(text)
  const sections = outline(document)
  const own = sections.filter(({ kind }) => kind === 'interface')
  const names = new Map(peerNames(document, file).map((peer) => [peer.publicKey as string, peer.name]))
  const { preUp, postUp, preDown, postDown } = settings.hooks
  const hooks = [...preUp, ...postUp, ...preDown, ...postDown]
  const tunnel: Tunnel = {
    name,
    privateKey: last(own, 'privatekey'),
    listenPort: last(own, 'listenport'),
    fwmark: last(own, 'fwmark'),
    mtu: settings.mtu?.value,
    table: settings.table?.value,
    addresses: settings.addresses.map(({ value }) => value),
    dnsServers: settings.dnsServers.map(({ value }) => value),
    dnsSearch: settings.dnsSearch.map(({ value }) => value),
    hooks: hooks.map(({ value }) => value),
    peers: sections
      .filter(({ kind }) => kind === 'peer')
      .map((section) => {
        const publicKey = last([section], 'publickey')
        return {
          name: names.get(publicKey ?? ''),
          publicKey,
          presharedKey: last([section], 'presharedkey'),
          endpoint: last([section], 'endpoint'),
          keepalive: last([section], 'persistentkeepalive'),
          allowedIps: all([section], 'allowedips').flatMap((value) => value.split(',')),
        }
      }),
  }
  const lost = [
    ...(hooks.length > 0 ? ['PreUp, PostUp, PreDown and PostDown: there are no hooks in this format'] : []),
    ...(names.size > 0 ? ['names of peers and other comments'] : []),
    ...(settings.saveConfig ? ['SaveConfig: changes at run time are not written back'] : []),
  ]
  return { result: tunnel, lost }
}

/** The configuration file of a tunnel. */
export const printTunnel = (tunnel: Tunnel): string => {
  const lines = ['[Interface]']
  const put = (key: string, value: string | undefined): void => {
    if (value !== undefined && value !== '') lines.push(`${key} = ${value}`)
  }
  put('PrivateKey', tunnel.privateKey)
  put('ListenPort', tunnel.listenPort)
  put('FwMark', tunnel.fwmark)
  put('Address', tunnel.addresses.join(', '))
  put('DNS', [...tunnel.dnsServers, ...tunnel.dnsSearch].join(', '))
  put('MTU', tunnel.mtu)
  put('Table', tunnel.table)
  lines.push(...tunnel.hooks)
  for (const peer of tunnel.peers) {
    lines.push('', '[Peer]')
    if (peer.name !== undefined) lines.push(`# Name = ${peer.name}`)
    put('PublicKey', peer.publicKey)
    put('PresharedKey', peer.presharedKey)
    put('AllowedIPs', peer.allowedIps.join(', '))
    put('Endpoint', peer.endpoint)
    put('PersistentKeepalive', peer.keepalive)
  }
  return `${lines.join('\n')}\n`
}

/** Says whether wg-quick would send everything through the tunnel and set rules for it (spec wg-quick §6.4). */
export const isFullTunnel = ({ table, peers }: Tunnel): boolean =>
  (table === undefined || table === 'auto') &&
  peers.some(({ allowedIps }) => allowedIps.some((prefix) => prefix.endsWith('/0')))

const all = (sections: readonly Section[], key: string): string[] =>
  sections
    .flatMap(({ entries }) => entries.filter((entry) => entry.key === key && entry.hasEquals))
    .map(({ value }) => readWgLine(value.text).clean)
    .filter((value) => value !== '')

const last = (sections: readonly Section[], key: string): string | undefined => all(sections, key).at(-1)
