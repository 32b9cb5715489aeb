// SPDX-License-Identifier: MIT
import { type Cidr, formatCidr, maskCidr } from '@wgq/model/cidr'
import { WgqError } from '@wgq/model/error'
import {
  type Foreign,
  readAddress,
  readDomain,
  readEndpoint,
  readForeignKey,
  readInterfaceName,
  readNumber,
  readServer,
  refusal,
  searchedDomains,
} from './foreign.ts'
import { interfaceNameFrom } from './interface-name.ts'
import { itemsOf, readKeyfile } from './keyfile.ts'
import { named, SectionReader } from './read-section.ts'
import type { Converted, Tunnel, TunnelPeer } from './tunnel.ts'
import { defaultFamilies, withoutRepeats } from './tunnel.ts'
import type { ForeignSection } from './unit-file.ts'

// NetworkManager's prefix lengths for an address without one: they mean the network, not the single address.
const bareLengths = { 4: 24, 6: 64 } as const
const highestTable = 0xffffffff

/** Reads a keyfile. Raises `E_IMPORT` with the position for another connection type and for invalid values. */
export const readNetworkManager = (text: string, file: string): Converted<Tunnel> => {
  const sections = readKeyfile(text, file)
  const lost: string[] = []
  const connection = new SectionReader(named(sections, 'connection'))
  const type = connection.one('type')
  if (type?.text !== 'wireguard') {
    const expected = 'A connection of type=wireguard'
    const hint = 'profiles are in /etc/NetworkManager/system-connections'
    if (type) throw refusal(type, expected, hint)
    throw new WgqError('E_IMPORT', `${expected} is expected, found none`, { hint })
  }
  const name = connection.one('interface-name')
  const id = connection.one('id')
  connection.ignore('uuid', 'timestamp', 'autoconnect', 'autoconnect-priority')
  lose(lost, 'connection', connection)

  const device = new SectionReader(named(sections, 'wireguard'))
  const privateKey = device.one('private-key')
  const keyFlags = device.one('private-key-flags')
  if ((keyFlags?.text ?? '0') !== '0' && privateKey === undefined) {
    lost.push('the private key: it is not in the file but with a secret agent')
  }
  const peerRoutes = !/^(?:false|0|no)$/i.test(device.one('peer-routes')?.text ?? '')
  const port = device.one('listen-port')
  const mark = device.one('fwmark')
  const mtu = device.one('mtu')
  const auto = { 4: device.one('ip4-auto-default-route'), 6: device.one('ip6-auto-default-route') }
  lose(lost, 'wireguard', device)

  const peers = sections.flatMap((section) => readPeer(section, lost))
  const families = ([4, 6] as const).map((family) => readFamily(sections, family, lost))
  for (const { name: other } of sections) {
    if (!/^(?:connection|wireguard|wireguard-peer\..*|ipv[46]|proxy|\.nmmeta)$/.test(other))
      lost.push(`[${other}]`)
  }
  lose(lost, 'proxy', new SectionReader(named(sections, 'proxy')))
  const servers = families.flatMap((one) => one.servers)
  const searches = [...new Set(families.flatMap(({ domains }) => domains))]
  return {
    lost,
    result: {
      name: name ? readInterfaceName(name) : interfaceNameFrom(id?.text ?? 'wg0'),
      privateKey: privateKey && readForeignKey(privateKey),
      listenPort: (port && readNumber(port, 0, 65535)) || undefined,
      fwmark: (mark && readNumber(mark, 0, 0xffffffff)) || undefined,
      mtu: mtu && Number(mtu.text) !== 0 ? readNumber(mtu, 68, 65535) : undefined,
      table: peerRoutes ? routingTable(families, peers, auto, lost) : 'off',
      addresses: withoutRepeats(families.flatMap(({ addresses }) => addresses)),
      dnsServers: servers,
      dnsSearch: searchedDomains(servers, searches, lost),
      hooks: [],
      peers,
    },
  }
}

const lose = (lost: string[], section: string, reader: SectionReader): void => {
  for (const line of reader.rest()) lost.push(`[${section}] ${line}`)
}

const readPeer = (section: ForeignSection, lost: string[]): TunnelPeer[] => {
  const key = /^wireguard-peer\.(.*)$/.exec(section.name)?.[1]
  if (key === undefined) return []
  const publicKey = readForeignKey({
    text: key,
    at: { ...section.at, column: section.at.column + 'wireguard-peer.'.length },
  })
  const reader = new SectionReader([section])
  const presharedKey = reader.one('preshared-key')
  const flags = reader.one('preshared-key-flags')
  if (presharedKey === undefined && (flags?.text === '1' || flags?.text === '2')) {
    lost.push(
      `the preshared key of peer ${publicKey.slice(0, 8)}…: it is not in the file but with a secret agent`,
    )
  }
  const endpoint = reader.one('endpoint')
  const keepalive = reader.one('persistent-keepalive')
  const allowedIps = reader.all('allowed-ips').flatMap(itemsOf)
  lose(lost, section.name.slice(0, 'wireguard-peer.'.length + 8), reader)
  return [
    {
      publicKey,
      presharedKey: presharedKey && readForeignKey(presharedKey),
      endpoint: endpoint && readEndpoint(endpoint),
      keepaliveSeconds: (keepalive && readNumber(keepalive, 0, 65535)) || undefined,
      allowedIps: withoutRepeats(allowedIps.map((item) => maskCidr(readAddress(item)))),
    },
  ]
}

interface FamilySettings {
  readonly family: 4 | 6
  readonly addresses: readonly Cidr[]
  readonly servers: readonly string[]
  readonly domains: readonly string[]
  readonly neverDefault: boolean
  readonly table: number | undefined
}

const readFamily = (sections: readonly ForeignSection[], family: 4 | 6, lost: string[]): FamilySettings => {
  const name = `ipv${family}`
  const reader = new SectionReader(named(sections, name))
  const addresses = reader.matching(/^address(?:es|[0-9]+)?$/).flatMap(({ key, value }) => {
    const texts = key === 'addresses' ? value.text.split(';') : [value.text]
    return texts
      .filter((text) => text !== '')
      .map((text): Cidr => {
        const [address = '', gateway] = text.split(',')
        if (gateway) lost.push(`the gateway ${gateway} of [${name}]: a tunnel has none`)
        return readAddress({ ...value, text: address.trim() }, bareLengths)
      })
  })
  const routes = reader.matching(/^(?:route[0-9]+(?:_options)?|routes)$/)
  if (routes.length > 0) {
    const count = routes.filter(({ key }) => !key.endsWith('_options')).length
    lost.push(`${count} routes of [${name}]: write them as PostUp hooks`)
  }
  const rules = reader.matching(/^routing-rule[0-9]+$/)
  if (rules.length > 0) lost.push(`${rules.length} rules of [${name}]: write them as PostUp hooks`)
  const servers = reader
    .all('dns')
    .flatMap(itemsOf)
    .map((item) => readNameServer(item, lost))
  const search = reader.all('dns-search').flatMap(itemsOf)
  const neverDefault = /^(?:true|1|yes)$/i.test(reader.one('never-default')?.text ?? '')
  const table = reader.one('route-table')
  const method = reader.one('method')?.text
  if (method === 'shared') lost.push(`method=shared of [${name}]: see docs/guides/server-with-nat.md`)
  else if (method !== undefined && !/^(?:manual|auto|disabled|ignore)$/.test(method))
    lost.push(`[${name}] method=${method}`)
  // Negative: use only these servers, as wg-quick does with those of a full tunnel.
  const priority = reader.one('dns-priority')?.text
  if (priority !== undefined && servers.length > 0 && !/^(?:0|-[0-9]+)$/.test(priority))
    lost.push(`[${name}] dns-priority=${priority}`)
  reader.ignore('may-fail', 'ignore-auto-dns', 'addr-gen-mode', 'ip6-privacy')
  lose(lost, name, reader)
  return {
    family,
    addresses,
    servers,
    domains: search.filter(({ text }) => text !== '~' && text !== '~.').map(readDomain),
    neverDefault,
    table: (table && readNumber(table, 0, highestTable)) || undefined,
  }
}

/** Reads `dns=ADDRESS`, or `ADDRESS:PORT`, `dns+tls://ADDRESS#NAME` in newer versions. */
const readNameServer = (item: Foreign, lost: string[]): string => {
  const match =
    /^(?:dns\+(?:tls|udp):\/\/)?(?:\[([^\]]*)\](?::[0-9]+)?|([0-9.]+):[0-9]+|([^#[\]]*))(?:#.*)?$/.exec(
      item.text,
    )
  const address = match?.[1] ?? match?.[2] ?? match?.[3] ?? ''
  if (address !== item.text) lost.push(`dns=${item.text}: port, transport and name of the server`)
  return readServer({ ...item, text: address })
}

/** `Table` for the routes of a profile; prevents a default route that the profile does not have. */
const routingTable = (
  families: readonly FamilySettings[],
  peers: readonly TunnelPeer[],
  auto: Record<4 | 6, Foreign | undefined>,
  lost: string[],
): string | undefined => {
  const tables = [...new Set(families.flatMap(({ table }) => table ?? []))]
  for (const other of tables.slice(1))
    lost.push(`route-table=${other}: a tunnel has one table, ${tables[0]} is written`)
  const defaults = [...defaultFamilies(peers)]
  const never = defaults.filter((family) => families.some((one) => one.family === family && one.neverDefault))
  if (never.length > 0) {
    const prefixes = peers.flatMap(({ allowedIps }) => allowedIps)
    const others = prefixes.filter(({ family, prefixLength }) => prefixLength > 0 || !never.includes(family))
    if (others.length > 0) {
      lost.push(
        `never-default=true: Table = off is written; add routes to ${others.map(formatCidr).join(', ')} as PostUp hooks`,
      )
    }
    return 'off'
  }
  if (tables[0] !== undefined) return String(tables[0])
  const isPlain = defaults.some((family) => /^(?:0|false)$/.test(auto[family]?.text ?? ''))
  if (!isPlain) return undefined
  if (defaults.length > 1 && defaults.some((family) => !/^(?:0|false)$/.test(auto[family]?.text ?? ''))) {
    lost.push('auto-default-route of one IP version alone: Table = main is written for both')
  }
  return 'main'
}
