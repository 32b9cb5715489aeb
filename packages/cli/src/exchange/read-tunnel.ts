// SPDX-License-Identifier: MIT
import { parseDocument } from '@wgq/config/document'
import { peerNames } from '@wgq/config/names'
import type { Setting, Settings } from '@wgq/config/settings'
import { readSettings } from '@wgq/config/settings'
import { splitEndpoint } from '@wgq/config/wg/endpoint'
import { strictPort } from '@wgq/config/wg/port'
import { readWgFile } from '@wgq/config/wg/read-file'
import { type Cidr, formatCidr, maskCidr } from '@wgq/model/cidr'
import type { PeerChange } from '@wgq/model/device'
import type { Endpoint } from '@wgq/model/endpoint'
import { WgqError } from '@wgq/model/error'
import { type Key, zeroKey } from '@wgq/model/key'
import { hideKeys } from '@wgq/model/shown'
import type { Foreign } from './foreign.ts'
import { isDomain, isHost, isServer, readAddress, searchedDomains } from './foreign.ts'
import type { Hook } from './hook.ts'
import { interfaceNameFrom } from './interface-name.ts'
import { lostComments } from './lost-comments.ts'
import type { Converted, Tunnel, TunnelEndpoint } from './tunnel.ts'

/**
 * Reads a configuration file, which should have no lint errors; `name` is the file's name. `lost` lists what no other
 * format can hold. Raises `E_VALUE`, `E_LINE`, `E_PEER`, `E_SAVE_CONFIG`.
 */
export const readTunnel = async (name: string, text: string, file: string): Promise<Converted<Tunnel>> => {
  const settings = readSettings(text, file, true)
  const endpoints = new Map<Endpoint, TunnelEndpoint>()
  const device = await readWgFile(Buffer.from(settings.wgConfig).toString('latin1'), file, {
    ports: strictPort(),
    warn: () => {},
    // Names are kept, not resolved: a unique object represents each.
    resolve: async (value) => {
      const stand: Endpoint = { family: 4, address: '0.0.0.0', port: 0 }
      endpoints.set(stand, endpointOf(value))
      return stand
    },
  })
  const interfaceName = interfaceNameFrom(name)
  const { servers, domains, lost } = readDns(settings, hideKeys(text))
  const document = parseDocument(text)
  const names = new Map(peerNames(document, file).map((peer) => [peer.publicKey, peer.name]))
  const table = settings.table?.value
  const tunnel: Tunnel = {
    name: interfaceName,
    privateKey: secret(device.privateKey),
    listenPort: device.listenPort || undefined,
    fwmark: device.fwmark || undefined,
    mtu: settings.mtu && Number(settings.mtu.value),
    table: table === 'auto' ? undefined : table,
    addresses: settings.addresses.map((address) => readAddress(foreign(address))),
    dnsServers: servers,
    dnsSearch: domains,
    hooks: hooksOf(settings),
    peers: joined(device.peers ?? []).map((peer) => ({
      name: names.get(peer.publicKey),
      publicKey: peer.publicKey,
      presharedKey: secret(peer.presharedKey),
      endpoint: peer.endpoint && endpoints.get(peer.endpoint),
      keepaliveSeconds: peer.keepaliveSeconds || undefined,
      allowedIps: peer.prefixes,
    })),
  }
  if (interfaceName !== name) {
    lost.unshift(`the name ${name}: it cannot be that of an interface, ${interfaceName} is written`)
  }
  if (tunnel.hooks.length > 0) {
    lost.push('PreUp, PostUp, PreDown and PostDown: there are no hooks in this format')
  }
  if (settings.saveConfig) lost.push('SaveConfig: changes at run time are not written back')
  lost.push(...lostComments(document))
  return { result: tunnel, lost }
}

/** The sentence about peer names, for formats that cannot hold them. */
export const lostNames = ({ peers }: Tunnel): string[] =>
  peers.some(({ name }) => name !== undefined) ? ['names of peers and other comments'] : []

const foreign = ({ value, at }: Setting): Foreign => ({ text: value, at })

const secret = (key: Key | undefined): Key | undefined => (key === zeroKey ? undefined : key)

const endpointOf = (value: string): TunnelEndpoint => {
  const { host, port: text } = splitEndpoint(value)
  const port = strictPort()(text)
  if (isHost(host) && port !== undefined) return { host, port }
  throw new WgqError('E_VALUE', 'An endpoint is HOST:PORT, HOST an address or a name of the DNS')
}

const readDns = ({ dnsServers, dnsSearch }: Settings, safeText: string) => {
  const lost: string[] = []
  // A key with a blank in it is several words, some of which may be domains.
  const isSecret = ({ value }: Setting) => !safeText.includes(value)
  const isUsable = (setting: Setting) => isDomain(setting.value) && !isSecret(setting)
  const servers = dnsServers.map(({ value }) => value).filter((value) => isServer(value))
  const domains = dnsSearch.filter(isUsable).map(({ value }) => value)
  for (const { value } of dnsServers)
    if (!isServer(value)) lost.push(`DNS ${value}: it is not the address of a name server`)
  for (const one of dnsSearch)
    if (!isUsable(one)) lost.push(`DNS ${isSecret(one) ? '(hidden)' : one.value}: it is not a domain`)
  return { servers, domains: searchedDomains(servers, domains, lost), lost }
}

const hooksOf = ({ hooks }: Settings): Hook[] => {
  const of = (time: Hook['time'], settings: readonly Setting[]): Hook[] =>
    settings.filter(({ value }) => value !== '').map(({ value }) => ({ time, command: value }))
  return [
    ...of('PreUp', hooks.preUp),
    ...of('PostUp', hooks.postUp),
    ...of('PreDown', hooks.preDown),
    ...of('PostDown', hooks.postDown),
  ]
}

type JoinedPeer = Omit<PeerChange, 'allowedIps'> & { prefixes: Cidr[] }

/** The peers that a device has after these sections: one per key; the last section with a prefix gets it. */
const joined = (changes: readonly PeerChange[]): JoinedPeer[] => {
  const peers = new Map<Key, JoinedPeer>()
  const owners = new Map<string, JoinedPeer>()
  const prefixes = new Map<JoinedPeer, Map<string, Cidr>>()
  for (const { allowedIps = [], replaceAllowedIps, ...change } of changes) {
    const peer = Object.assign(peers.get(change.publicKey) ?? { prefixes: [] }, change) as JoinedPeer
    peers.set(change.publicKey, peer)
    const own = replaceAllowedIps ? new Map<string, Cidr>() : (prefixes.get(peer) ?? new Map<string, Cidr>())
    prefixes.set(peer, own)
    for (const { remove, ...entry } of allowedIps) {
      const cidr = maskCidr(entry)
      const text = formatCidr(cidr)
      if (remove) own.delete(text)
      else {
        const before = owners.get(text)
        if (before !== peer && before) prefixes.get(before)?.delete(text)
        owners.set(text, peer)
        own.set(text, cidr)
      }
    }
  }
  return [...peers.values()].map((peer) => ({ ...peer, prefixes: [...(prefixes.get(peer)?.values() ?? [])] }))
}
