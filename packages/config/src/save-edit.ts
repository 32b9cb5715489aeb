// SPDX-License-Identifier: MIT
import { formatCidr, maskCidr, parseCidr } from '@wgq/model/cidr'
import type { Device, Peer } from '@wgq/model/device'
import type { Endpoint } from '@wgq/model/endpoint'
import { formatEndpoint, parseEndpoint } from '@wgq/model/endpoint'
import { zeroKey } from '@wgq/model/key'
import type { Document } from './document.ts'
import { Edit } from './edit.ts'
import { isHookKey } from './file-keys.ts'
import { outline } from './outline.ts'
import { lower, readWgLine } from './reading.ts'

/** Information from the caller beyond the device. */
interface SaveOptions {
  /** The addresses of the interface, `ADDRESS/LENGTH`; absent leaves the Address lines alone. */
  readonly addresses?: readonly string[]
  /** Leaves the interface out: the document holds peers alone. */
  readonly peersOnly?: boolean
  /** Adds these even if the file has none: somebody set them, so that they are neither random nor chosen. */
  readonly adds?: { readonly listenPort?: boolean; readonly fwmark?: boolean }
  /**
   * Returns whether a host name and port in the file (`vpn.example:51820`) mean the live endpoint; then the text stays.
   */
  readonly sameEndpoint?: (text: string, live: Endpoint) => boolean
}

/**
 * Writes the running device into the document, changing only the values that differ: comments, order, spacing and host
 * names stay (wg-quick save rewrites the file, spec wg-quick §9). A random port, a mark that wg-quick chose and a key
 * that a hook loads are not in the file and are not added.
 */
export const saveDevice = (document: Document, device: Device, options: SaveOptions = {}): Document => {
  const edit = new Edit(document)
  if (!options.peersOnly) saveInterface(edit, device, hasHooks(document), options.adds ?? {})
  if (options.addresses) edit.setList('interface', 'Address', options.addresses, canonicalAddress)
  const running = new Map(device.peers.map((peer) => [peer.publicKey, peer]))
  for (const key of edit.peers()) {
    const peer = running.get(key)
    if (peer) savePeer(edit, peer, options)
    else edit.removePeer(key)
    running.delete(key)
  }
  for (const peer of running.values()) edit.addPeer({ values: peerValues(peer) })
  return edit.finish()
}

const hasHooks = (document: Document): boolean =>
  outline(document).some((section) => section.entries.some((entry) => isHookKey(entry.key)))

const saveInterface = (
  edit: Edit,
  device: Device,
  hooks: boolean,
  adds: NonNullable<SaveOptions['adds']>,
): void => {
  const { privateKey, listenPort, fwmark } = device
  const savedKey = clean(edit.get('interface', 'PrivateKey'))
  if (privateKey !== undefined && savedKey !== privateKey && (savedKey !== undefined || !hooks)) {
    edit.set('interface', 'PrivateKey', privateKey)
  }
  const savedPort = clean(edit.get('interface', 'ListenPort'))
  if (savedPort === undefined ? adds.listenPort : Number(savedPort) !== listenPort) {
    edit.set('interface', 'ListenPort', String(listenPort))
  }
  const savedMark = clean(edit.get('interface', 'FwMark'))
  if (savedMark === undefined ? adds.fwmark : markOf(savedMark) !== fwmark) {
    edit.set('interface', 'FwMark', fwmark === 0 ? 'off' : `0x${fwmark.toString(16)}`)
  }
}

const savePeer = (edit: Edit, peer: Peer, options: SaveOptions): void => {
  const { publicKey: key, endpoint, keepaliveSeconds, presharedKey } = peer
  const allowedIps = peer.allowedIps.map(formatCidr)
  edit.setList(key, 'AllowedIPs', allowedIps, canonicalPrefix)

  const savedSecret = clean(edit.get(key, 'PresharedKey'))
  if (presharedKey === undefined) {
    if (savedSecret !== undefined && savedSecret !== zeroKey) edit.remove(key, 'PresharedKey')
  } else if (savedSecret !== presharedKey) edit.set(key, 'PresharedKey', presharedKey)

  const savedEndpoint = clean(edit.get(key, 'Endpoint'))
  if (endpoint && !(savedEndpoint && isEndpoint(savedEndpoint, endpoint, options))) {
    edit.set(key, 'Endpoint', formatEndpoint(endpoint))
  }

  const savedKeepalive = clean(edit.get(key, 'PersistentKeepalive'))
  if (secondsOf(savedKeepalive) !== keepaliveSeconds) {
    if (keepaliveSeconds === 0) edit.remove(key, 'PersistentKeepalive')
    else edit.set(key, 'PersistentKeepalive', String(keepaliveSeconds))
  }
}

const peerValues = (peer: Peer): Array<[string, string]> => {
  const values: Array<[string, string]> = [['PublicKey', peer.publicKey]]
  if (peer.presharedKey !== undefined) values.push(['PresharedKey', peer.presharedKey])
  if (peer.allowedIps.length > 0) values.push(['AllowedIPs', peer.allowedIps.map(formatCidr).join(', ')])
  if (peer.endpoint) values.push(['Endpoint', formatEndpoint(peer.endpoint)])
  if (peer.keepaliveSeconds > 0) values.push(['PersistentKeepalive', String(peer.keepaliveSeconds)])
  return values
}

const isEndpoint = (text: string, live: Endpoint, options: SaveOptions): boolean => {
  const numeric = parseEndpoint(text)
  return numeric
    ? formatEndpoint(numeric) === formatEndpoint(live)
    : (options.sameEndpoint?.(text, live) ?? false)
}

/** A value as wg reads it: without white space. */
const clean = (value: string | undefined): string | undefined =>
  value === undefined ? undefined : readWgLine(value).clean

const markOf = (text: string): number => (lower(text) === 'off' ? 0 : Number(text))

const secondsOf = (text: string | undefined): number =>
  text === undefined || lower(text) === 'off' ? 0 : Number(text)

const canonicalAddress = (text: string): string => {
  const cidr = parseCidr(text)
  return cidr ? formatCidr(cidr) : text
}

/** Devices mask host bits: `10.0.0.1/8` is `10.0.0.0/8`. */
const canonicalPrefix = (text: string): string => {
  const cidr = parseCidr(text.replace(/^[+-]/, ''))
  return cidr ? formatCidr(maskCidr(cidr)) : text
}
