// SPDX-License-Identifier: MIT
import { createHash } from 'node:crypto'
import { WgqError } from '@wgq/model/error'
import type { Converted, Tunnel, TunnelPeer } from './tunnel.ts'
import type { UnitSection } from './unit-file.ts'
import { printUnit } from './unit-file.ts'

/** Writes a keyfile (nm-settings-keyfile(5)). `ini` cannot: it quotes every value with an `=`, which keys have. */
export const printNetworkManager = (tunnel: Tunnel): Converted<string> => {
  const { name, table } = tunnel
  const lost: string[] = []
  const routes = table === 'off' ? 'false' : ''
  const routeTable = table === undefined || /^(?:auto|off|main)$/.test(table) ? '' : table
  if (routeTable !== '' && !/^[0-9]+$/.test(routeTable)) {
    lost.push(`Table = ${routeTable}: NetworkManager wants the number of the table`)
  }
  const sections: UnitSection[] = [
    {
      name: 'connection',
      entries: [
        ['id', name],
        ['uuid', uuidOf(name)],
        ['type', 'wireguard'],
        ['interface-name', name],
      ],
    },
    {
      name: 'wireguard',
      entries: [
        ['private-key', tunnel.privateKey ?? ''],
        ['listen-port', tunnel.listenPort ?? ''],
        ['fwmark', tunnel.fwmark === undefined ? '' : String(Number(tunnel.fwmark) || 0)],
        ['mtu', tunnel.mtu ?? ''],
        ['peer-routes', routes],
      ],
    },
    ...tunnel.peers.map(peerSection),
    ...([4, 6] as const).map((family) =>
      addressing(tunnel, family, /^[0-9]+$/.test(routeTable) ? routeTable : ''),
    ),
  ]
  return { result: printUnit(sections), lost }
}

const peerSection = (peer: TunnelPeer): UnitSection => {
  const entries: UnitSection['entries'] = [
    ['endpoint', peer.endpoint ?? ''],
    ['preshared-key', peer.presharedKey ?? ''],
    ['preshared-key-flags', peer.presharedKey === undefined ? '' : '0'],
    ['persistent-keepalive', seconds(peer.keepalive)],
    ['allowed-ips', list(peer.allowedIps)],
  ]
  // A section without a line would be left out, and the peer with it: then the default is written.
  const says = entries.some(([, value]) => value !== '')
  return {
    name: `wireguard-peer.${peer.publicKey ?? ''}`,
    entries: says ? entries : [['persistent-keepalive', '0']],
  }
}

const addressing = (tunnel: Tunnel, family: 4 | 6, routeTable: string): UnitSection => {
  const ours = (address: string): boolean => address.includes(':') === (family === 6)
  const addresses = tunnel.addresses.filter(ours)
  const servers = tunnel.dnsServers.filter(ours)
  const method = addresses.length > 0 ? 'manual' : family === 4 ? 'disabled' : 'ignore'
  return {
    name: `ipv${family}`,
    entries: [
      ...addresses.map((address, index) => [`address${index + 1}`, address] as const),
      ['dns', list(servers)],
      // As wg-quick does it: these servers and no others, for all names.
      ['dns-priority', servers.length > 0 ? '-50' : ''],
      ['dns-search', servers.length > 0 ? list(tunnel.dnsSearch.length > 0 ? tunnel.dnsSearch : ['~']) : ''],
      ['method', method],
      ['route-table', method === 'manual' ? routeTable : ''],
    ],
  }
}

/** Reads a keyfile. Raises `E_IMPORT` for another type of connection. */
export const readNetworkManager = async (text: string): Promise<Converted<Tunnel>> => {
  const { parse } = await import('ini')
  // For ini `;` and `#` begin a comment anywhere; for NetworkManager only at the beginning of a line, `;` separates lists.
  const file = parse(text.replace(/^(?!\s*[#;]).*$/gm, (line) => line.replace(/[;#]/g, '\\$&')))
  const get = (section: string, key: string): string | undefined => textOf(objectOf(file[section])[key])
  const type = get('connection', 'type')
  if (type !== 'wireguard') {
    throw new WgqError('E_IMPORT', `A connection of type=wireguard is expected, found ${type ?? 'none'}`, {
      hint: 'profiles stand in /etc/NetworkManager/system-connections',
    })
  }
  const lost: string[] = []
  if ((get('wireguard', 'private-key-flags') ?? '0') !== '0') {
    lost.push('the private key: it is not in the file but with a secret agent')
  }
  for (const family of ['ipv4', 'ipv6']) {
    const routes = Object.keys(objectOf(file[family])).filter((key) => /^(?:route[0-9]+|routes)$/.test(key))
    if (routes.length > 0) lost.push(`${routes.length} routes of [${family}]: write them as PostUp hooks`)
  }
  const tables = [get('ipv4', 'route-table'), get('ipv6', 'route-table')].filter((one) => one && one !== '0')
  const searches = [...items(get('ipv4', 'dns-search')), ...items(get('ipv6', 'dns-search'))]
  const peers = Object.entries(objectOf(file['wireguard-peer']))
  return {
    lost,
    result: {
      name: get('connection', 'interface-name') ?? get('connection', 'id') ?? 'wg0',
      privateKey: get('wireguard', 'private-key'),
      listenPort: nonZero(get('wireguard', 'listen-port')),
      fwmark: nonZero(get('wireguard', 'fwmark')),
      mtu: nonZero(get('wireguard', 'mtu')),
      table: get('wireguard', 'peer-routes') === 'false' ? 'off' : tables[0],
      addresses: ['ipv4', 'ipv6'].flatMap((family) => addressesOf(objectOf(file[family]))),
      dnsServers: [...items(get('ipv4', 'dns')), ...items(get('ipv6', 'dns'))],
      dnsSearch: [...new Set(searches)].filter((domain) => domain !== '~' && domain !== '~.'),
      hooks: [],
      peers: peers.map(([publicKey, entries]): TunnelPeer => {
        const one = (key: string): string | undefined => textOf(objectOf(entries)[key])
        return {
          publicKey,
          presharedKey: one('preshared-key'),
          endpoint: one('endpoint'),
          keepalive: nonZero(one('persistent-keepalive')),
          allowedIps: items(one('allowed-ips')),
        }
      }),
    },
  }
}

/** `address1=10.0.0.2/24,10.0.0.1`: the part behind the comma is a gateway. */
const addressesOf = (section: Record<string, unknown>): string[] =>
  Object.entries(section)
    .filter(([key]) => /^(?:address[0-9]+|addresses)$/.test(key))
    .flatMap(([, value]) => items(textOf(value)))
    .map((address) => address.split(',')[0] as string)

const objectOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

const textOf = (value: unknown): string | undefined =>
  value === undefined || value === null || value === '' ? undefined : String(value)

const items = (text: string | undefined): string[] => (text ?? '').split(';').filter((item) => item !== '')

const list = (values: readonly string[]): string => values.map((value) => `${value};`).join('')

const nonZero = (text: string | undefined): string | undefined => (text === '0' ? undefined : text)

const seconds = (keepalive: string | undefined): string =>
  keepalive === undefined || /^off$/i.test(keepalive) ? '' : keepalive

/** The same name gives the same profile, so that exporting again replaces it (RFC 9562 §5.5, version 5). */
const uuidOf = (name: string): string => {
  const bytes = createHash('sha1').update(`wgq tunnel ${name}`).digest().subarray(0, 16)
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x50
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
