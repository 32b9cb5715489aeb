// SPDX-License-Identifier: MIT
import { createHash } from 'node:crypto'
import { formatCidr, maskCidr } from '@wgq/model/cidr'
import { visible } from '@wgq/model/shown'
import { escapedForKeyfile } from './keyfile.ts'
import type { Converted, Tunnel, TunnelPeer } from './tunnel.ts'
import { defaultFamilies, formatTunnelEndpoint, ofFamily } from './tunnel.ts'
import type { UnitSection } from './unit-file.ts'
import { printUnit } from './unit-file.ts'

// What NetworkManager calls none: the main table.
const tableNumbers: Record<string, string> = { main: '254', default: '253', local: '255' }
const mainTable = '254'

/**
 * Writes a keyfile (nm-settings-keyfile(5)); `title` is the name shown to users. `ini` cannot be used: it quotes every
 * value with an `=`, which keys contain.
 */
export const printNetworkManager = (tunnel: Tunnel, title = tunnel.name): Converted<string> => {
  const lost: string[] = []
  const table = tableOf(tunnel, lost)
  // With a custom table wg-quick adds no rules: the default route is like any other.
  const isUnknown = tunnel.table !== undefined && tunnel.table !== 'off' && table === ''
  const plainDefault = table === '' ? '' : '0'
  const families = defaultFamilies(tunnel.peers)
  const sections: UnitSection[] = [
    {
      name: 'connection',
      entries: [
        ['id', escapedForKeyfile(visible(title))],
        ['uuid', uuidOf(title)],
        ['type', 'wireguard'],
        ['interface-name', tunnel.name],
      ],
    },
    {
      name: 'wireguard',
      entries: [
        ['private-key', tunnel.privateKey ?? ''],
        ['listen-port', String(tunnel.listenPort ?? '')],
        ['fwmark', String(tunnel.fwmark ?? '')],
        ['mtu', String(tunnel.mtu ?? '')],
        ['peer-routes', tunnel.table === 'off' || isUnknown ? 'false' : ''],
        ['ip4-auto-default-route', families.has(4) ? plainDefault : ''],
        ['ip6-auto-default-route', families.has(6) ? plainDefault : ''],
      ],
    },
    ...tunnel.peers.map(peerSection),
    ...([4, 6] as const).map((family) => addressing(tunnel, family, table, lost)),
  ]
  return { result: printUnit(sections), lost }
}

/** The number of the table; empty if the file has no Table, or if no routes are created. */
const tableOf = ({ table, addresses }: Tunnel, lost: string[]): string => {
  if (table === undefined || table === 'off') return ''
  const number = tableNumbers[table] ?? table
  if (/^[0-9]+$/.test(number)) {
    if (addresses.length === 0)
      lost.push(`Table = ${table}: NetworkManager sets no routes without an address`)
    const connected = addresses.filter(({ family, prefixLength }) => prefixLength < (family === 4 ? 32 : 128))
    if (number !== mainTable && connected.length > 0) {
      const networks = connected.map((address) => formatCidr(maskCidr(address))).join(', ')
      lost.push(`Table = ${table}: NetworkManager puts the routes of the addresses, ${networks}, into it too`)
    }
    return number
  }
  lost.push(`Table = ${table}: NetworkManager wants the number of the table; no routes are written`)
  return ''
}

const peerSection = (peer: TunnelPeer): UnitSection => {
  const entries: UnitSection['entries'] = [
    ['endpoint', peer.endpoint === undefined ? '' : formatTunnelEndpoint(peer.endpoint)],
    ['preshared-key', peer.presharedKey ?? ''],
    ['preshared-key-flags', peer.presharedKey === undefined ? '' : '0'],
    ['persistent-keepalive', String(peer.keepaliveSeconds ?? '')],
    ['allowed-ips', list(peer.allowedIps.map(formatCidr))],
  ]
  // A section without entries would be left out, and the peer with it, so write a default value.
  const says = entries.some(([, value]) => value !== '')
  return {
    name: `wireguard-peer.${peer.publicKey}`,
    entries: says ? entries : [['persistent-keepalive', '0']],
  }
}

const addressing = (tunnel: Tunnel, family: 4 | 6, table: string, lost: string[]): UnitSection => {
  const addresses = ofFamily(tunnel.addresses, family)
  const ours = tunnel.dnsServers.filter((server) => server.includes(':') === (family === 6))
  // Without an address NetworkManager does not configure this family and refuses a profile that does.
  const isOff = addresses.length === 0
  if (isOff) {
    const needs = `NetworkManager does this only with an IPv${family} address`
    if (ours.length > 0) lost.push(`DNS ${ours.join(', ')}: ${needs}`)
    const routes =
      tunnel.table === 'off'
        ? []
        : ofFamily(
            tunnel.peers.flatMap((peer) => peer.allowedIps),
            family,
          )
    if (routes.length > 0) lost.push(`routes for the IPv${family} allowed IPs: ${needs}`)
  }
  const servers = isOff ? [] : ours
  const routing = tunnel.dnsSearch.some((domain) => domain.startsWith('~'))
  const isExclusive = servers.length > 0 && !routing
  return {
    name: `ipv${family}`,
    entries: [
      ...addresses.map((address, index) => [`address${index + 1}`, formatCidr(address)] as const),
      ['dns', list(servers)],
      // Like wg-quick: use only these servers, for all names.
      ['dns-priority', isExclusive ? '-50' : ''],
      ['dns-search', servers.length > 0 ? list(tunnel.dnsSearch.length > 0 ? tunnel.dnsSearch : ['~']) : ''],
      ['method', isOff ? (family === 4 ? 'disabled' : 'ignore') : 'manual'],
      ['route-table', isOff || table === mainTable ? '' : table],
    ],
  }
}

const list = (values: readonly string[]): string => values.map((value) => `${value};`).join('')

/** The same name gives the same profile, so that another export replaces it (RFC 9562 §5.5, version 5). */
const uuidOf = (name: string): string => {
  const bytes = createHash('sha1').update(`wgq tunnel ${name}`).digest().subarray(0, 16)
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x50
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
