// SPDX-License-Identifier: MIT
import { type Cidr, maskCidr } from '@wgq/model/cidr'
import { WgqError } from '@wgq/model/error'
import type { Key } from '@wgq/model/key'
import {
  type Foreign,
  readAddress,
  readDomain,
  readEndpoint,
  readForeignKey,
  readInterfaceName,
  readNumber,
  readPath,
  readServer,
  refusal,
  searchedDomains,
} from './foreign.ts'
import { type Hook, hook } from './hook.ts'
import { fullTunnelMark } from './networkd.ts'
import { named, SectionReader } from './read-section.ts'
import type { Converted, Tunnel, TunnelPeer } from './tunnel.ts'
import { defaultFamilies, withoutRepeats } from './tunnel.ts'
import type { ForeignSection } from './unit-file.ts'
import { readUnit, wordsOf } from './unit-file.ts'

/** An input file with its name. */
export interface ForeignFile {
  readonly path: string
  readonly text: string
}

/**
 * Reads a .netdev and, if given, its .network. Raises `E_IMPORT` with the position for another kind of device and for
 * invalid values.
 */
export const readNetworkd = (netdevFile: ForeignFile, networkFile?: ForeignFile): Converted<Tunnel> => {
  const lost: string[] = []
  const netdev = readUnit(netdevFile.text, netdevFile.path, lost)
  const network = networkFile ? readUnit(networkFile.text, networkFile.path, lost) : []
  const device = new SectionReader(named(netdev, 'NetDev'))
  const kind = device.one('Kind')
  if (kind?.text.toLowerCase() !== 'wireguard') {
    const expected = 'A netdev of Kind=wireguard'
    const hint = 'give the .netdev file of the tunnel, and its .network file behind it'
    throw kind
      ? refusal(kind, expected, hint)
      : new WgqError('E_IMPORT', `${expected} is expected, found none`, { hint })
  }
  const name = device.one('Name')
  const deviceMtu = device.one('MTUBytes')
  device.ignore('Description')
  lose(lost, 'NetDev', device)
  const interfaceName = name && readInterfaceName(name)
  checkMatch(network, interfaceName)

  const wireguard = new SectionReader(named(netdev, 'WireGuard'))
  const privateKey = keyOf(wireguard.one('PrivateKey'), 'PrivateKey', lost)
  const privateKeyFile = wireguard.one('PrivateKeyFile')
  const port = wireguard.one('ListenPort')
  const mark = wireguard.one('FirewallMark')
  const routeTable = wireguard.one('RouteTable')
  lose(lost, 'WireGuard', wireguard)

  const hooks: Hook[] = []
  if (privateKeyFile) {
    hooks.push(hook('PostUp', [{ plain: 'wg set %i private-key' }, readPath(privateKeyFile)]))
  }
  const peers = joined(named(netdev, 'WireGuardPeer').flatMap((section) => readPeer(section, hooks, lost)))
  loseSections(lost, netdev, ['NetDev', 'WireGuard', 'WireGuardPeer', 'Match'])

  const fwmark = mark && readNumber(mark, 0, 0xffffffff)
  const chosen = hasRules(network, fwmark, routeTable)
  const settings = readNetwork(network, chosen, lost)
  const mtu = settings.mtu ?? deviceMtu
  return {
    lost,
    result: {
      name: interfaceName ?? 'wg0',
      privateKey,
      listenPort: port === undefined || port.text === 'auto' ? undefined : readNumber(port, 1, 65535),
      fwmark: chosen && fwmark === fullTunnelMark ? undefined : fwmark || undefined,
      mtu: mtu && readBytes(mtu),
      table: chosen ? undefined : tableOf(routeTable, peers),
      addresses: settings.addresses,
      dnsServers: settings.servers,
      dnsSearch: settings.domains,
      hooks,
      peers,
    },
  }
}

const lose = (lost: string[], section: string, reader: SectionReader): void => {
  for (const line of reader.rest()) lost.push(`[${section}] ${line}`)
}

const loseSections = (
  lost: string[],
  sections: readonly ForeignSection[],
  known: readonly string[],
): void => {
  for (const section of sections) {
    if (known.includes(section.name)) continue
    const lines = new SectionReader([section]).rest()
    lost.push(`[${section.name}] ${lines.join(' ')}`.trimEnd())
  }
}

/** Raises `E_IMPORT` if the .network names other interfaces only; a pattern may mean this one. */
const checkMatch = (network: readonly ForeignSection[], name: string | undefined): void => {
  const words = new SectionReader(named(network, 'Match'))
    .all('Name', true)
    .flatMap((value) => wordsOf(value))
  const [first] = words
  if (name === undefined || first === undefined) return
  if (words.some(({ text }) => text === name || /[*?![]/.test(text))) return
  throw refusal(first, `The .network of ${name}`, 'give the .network file whose [Match] has this name')
}

/** Reads a key; reports `@NAME` as lost: a systemd credential that only systemd can read. */
const keyOf = (value: Foreign | undefined, label: string, lost: string[]): Key | undefined => {
  if (value === undefined) return undefined
  if (!value.text.startsWith('@')) return readForeignKey(value)
  lost.push(`${label}=${value.text}: a credential of systemd; load the key in a PostUp hook`)
  return undefined
}

const readPeer = (section: ForeignSection, hooks: Hook[], lost: string[]): TunnelPeer[] => {
  const reader = new SectionReader([section])
  const publicKey = keyOf(reader.one('PublicKey'), 'PublicKey', lost)
  if (publicKey === undefined) {
    const lines = section.entries.map(({ key, value }) => `${key}=${/key$/i.test(key) ? '…' : value.text}`)
    lost.push(`a peer whose public key is not in the file: ${lines.join(' ')}`)
    return []
  }
  const presharedKey = keyOf(reader.one('PresharedKey'), 'PresharedKey', lost)
  const presharedKeyFile = reader.one('PresharedKeyFile')
  if (presharedKeyFile) {
    const command = { plain: `wg set %i peer ${publicKey} preshared-key` }
    hooks.push(hook('PostUp', [command, readPath(presharedKeyFile)]))
  }
  const endpoint = reader.one('Endpoint')
  const keepalive = reader.one('PersistentKeepalive')
  const allowedIps = reader.all('AllowedIPs', true).flatMap((value) => wordsOf(value, /[^,\t ]+/g))
  lose(lost, `WireGuardPeer ${publicKey.slice(0, 8)}…`, reader)
  const name = section.comments.map(({ text }) => /^Name\s*=\s*(.+)$/.exec(text)?.[1]).find((found) => found)
  return [
    {
      name,
      publicKey,
      presharedKey,
      endpoint: endpoint && readEndpoint(endpoint),
      keepaliveSeconds:
        keepalive && keepalive.text !== 'off' ? readNumber(keepalive, 0, 65535) || undefined : undefined,
      allowedIps: allowedIps.map((item) => maskCidr(readAddress(item))),
    },
  ]
}

/** wg uses the last section of a key for the whole peer, so merge them. */
const joined = (peers: readonly TunnelPeer[]): TunnelPeer[] => {
  const byKey = new Map<Key, TunnelPeer>()
  for (const peer of peers) {
    const before = byKey.get(peer.publicKey)
    const said = Object.fromEntries(
      Object.entries(peer).filter(([, value]) => value !== undefined),
    ) as typeof peer
    const allowedIps = withoutRepeats([...(before?.allowedIps ?? []), ...peer.allowedIps])
    byKey.set(peer.publicKey, { ...before, ...said, allowedIps })
  }
  return [...byKey.values()]
}

interface NetworkSettings {
  readonly addresses: Tunnel['addresses']
  readonly servers: string[]
  readonly domains: readonly string[]
  readonly mtu: Foreign | undefined
}

const readNetwork = (
  sections: readonly ForeignSection[],
  chosen: boolean,
  lost: string[],
): NetworkSettings => {
  const network = new SectionReader(named(sections, 'Network'))
  const addresses = network.all('Address', true)
  for (const section of named(sections, 'Address')) {
    const reader = new SectionReader([section])
    const address = reader.one('Address')
    if (address) addresses.push(address)
    lose(lost, 'Address', reader)
  }
  const servers = network.all('DNS', true).flatMap((value) => wordsOf(value))
  const domains = network.all('Domains', true).flatMap((value) => wordsOf(value))
  network.ignore('Description')
  lose(lost, 'Network', network)
  const link = new SectionReader(named(sections, 'Link'))
  const mtu = link.one('MTUBytes')
  link.ignore('RequiredForOnline', 'ActivationPolicy')
  lose(lost, 'Link', link)
  const known = ['Match', 'Network', 'Address', 'Link', ...(chosen ? ['RoutingPolicyRule'] : [])]
  loseSections(lost, sections, known)
  const everyName = domains.some(({ text }) => text === '~.')
  // If these servers resolve every name, `~corp.example` adds nothing; in wg-quick's file it would exclude all other
  // names.
  const kept = domains.filter(({ text }) => text !== '~.' && !(everyName && text.startsWith('~')))
  const asked = servers.map((server) => readNameServer(server, lost))
  return {
    addresses: withoutRepeats(addresses.map((address) => readNetworkAddress(address, lost))),
    servers: asked,
    domains: searchedDomains(asked, kept.map(readDomain), lost),
    mtu,
  }
}

/** Reads an address. Without a length, versions of networkd take that of its class or of the single address. */
const readNetworkAddress = (value: Foreign, lost: string[]): Cidr => {
  const address = readAddress(value)
  if (!value.text.includes('/')) {
    const written = `/${address.prefixLength} is written`
    lost.push(`Address=${value.text}: its prefix length is up to the version of networkd, ${written}`)
  }
  return address
}

/** Reads `ADDRESS`, `ADDRESS:PORT`, `[ADDRESS]:PORT`, then `%INTERFACE` and `#NAME` (systemd.network(5)). */
const readNameServer = (word: Foreign, lost: string[]): string => {
  const match =
    /^(?:\[([0-9a-fA-F:.]+)\](:[0-9]+)?|([0-9.]+)(:[0-9]+)?|([0-9a-fA-F:.]+))(%[^#]+)?(#.*)?$/.exec(word.text)
  const address = match?.[1] ?? match?.[3] ?? match?.[5]
  if (match === null || address === undefined) throw refusal(word, 'The address of a name server')
  const more = [match[2] ?? match[4], match[6], match[7]].filter((part) => part !== undefined)
  if (more.length > 0) lost.push(`DNS=${word.text}: ${more.join('')} is not for wg-quick`)
  return readServer({ ...word, text: address })
}

/** Whether these are the full-tunnel rules that `wgq export` writes, which wg-quick would add itself. */
const hasRules = (
  network: readonly ForeignSection[],
  mark: number | undefined,
  routeTable: Foreign | undefined,
): boolean => {
  const rules = named(network, 'RoutingPolicyRule').map((section) => new SectionReader([section]))
  if (rules.length !== 2 || mark === undefined || Number(routeTable?.text) !== mark) return false
  const suppresses = rules.some(
    (rule) =>
      rule.one('SuppressPrefixLength')?.text === '0' && /^(?:main|254)?$/.test(rule.one('Table')?.text ?? ''),
  )
  const leads = rules.some(
    (rule) =>
      Number(rule.one('FirewallMark')?.text) === mark &&
      /^(?:true|yes|1|on)$/i.test(rule.one('InvertRule')?.text ?? '') &&
      Number(rule.one('Table')?.text) === mark,
  )
  return suppresses && leads
}

/** networkd adds no routes unless configured to; wg-quick uses `main` anyway, except with a default route. */
const tableOf = (value: Foreign | undefined, peers: readonly TunnelPeer[]): string | undefined => {
  if (value === undefined || /^(?:off|no|false)$/i.test(value.text)) return 'off'
  if (!/^[A-Za-z0-9_.-]+$/.test(value.text)) throw refusal(value, 'The name or number of a routing table')
  const isMain = value.text === 'main' || value.text === '254'
  return isMain && defaultFamilies(peers).size === 0 ? undefined : value.text
}

/** Reads `1420`, or a number with the suffix K (1024). */
const readBytes = (value: Foreign): number => {
  const kibibytes = /^([0-9]+)K$/.exec(value.text)?.[1]
  if (kibibytes === undefined) return readNumber(value, 68, 65535)
  if (Number(kibibytes) * 1024 <= 65535 && Number(kibibytes) > 0) return Number(kibibytes) * 1024
  throw refusal(value, 'A number from 68 to 65535')
}
