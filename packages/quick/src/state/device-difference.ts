// SPDX-License-Identifier: MIT
import { type Cidr, formatCidr, maskCidr } from '@wgq/model/cidr'
import type { AllowedIpChange, Device, DeviceChange, Peer, PeerChange } from '@wgq/model/device'
import { type Endpoint, formatEndpoint } from '@wgq/model/endpoint'
import { type Key, zeroKey } from '@wgq/model/key'
import { hasPrivateKey } from './same-key.ts'

/** What differs between device and file, as a change to apply and as a list to show. */
interface DeviceDiff {
  readonly change: DeviceChange
  readonly differences: readonly Difference[]
}

/** One value that differs; `running` or `wanted` is absent if there is none. Never contains secrets. */
export interface Difference {
  /** `interface`, `peer`, `address`, `route`, `rule`, `mtu`, `dns`, `firewall`. */
  readonly object: string
  /** Which one: a public key, a prefix. */
  readonly id?: string
  readonly field?: string
  readonly running?: string
  readonly wanted?: string
}

/** Decides whether an endpoint differs: it may have roamed since it was configured. */
export interface EndpointMemory {
  /** Endpoints as last configured (`Endpoint` in the file, resolved), by peer. */
  readonly configured: ReadonlyMap<Key, string>
  /** Peers whose preshared key came from a configuration: only that one is removed if the file has none. */
  readonly presharedKeys?: ReadonlySet<string>
}

/**
 * Compares a running device with a configuration. The change contains only what differs: it does not name unchanged
 * peers, so that their sessions continue. What the [Interface] section leaves out stays: a key that a hook loaded, a
 * mark that `up` chose, a random port. Repeated sections of a peer are merged as wg does: the last one's allowed IPs,
 * the other values of all.
 */
export const diffDevice = (running: Device, wanted: DeviceChange, memory: EndpointMemory): DeviceDiff => {
  const differences: Difference[] = []
  const change: { privateKey?: Key; listenPort?: number; fwmark?: number } = {}
  if (wanted.privateKey !== undefined && !hasPrivateKey(running, wanted.privateKey)) {
    change.privateKey = wanted.privateKey
    differences.push({ object: 'interface', field: 'private key', running: '(hidden)', wanted: '(hidden)' })
  }
  if (wanted.listenPort !== undefined && wanted.listenPort !== running.listenPort) {
    change.listenPort = wanted.listenPort
    differences.push({
      object: 'interface',
      field: 'listen port',
      running: `${running.listenPort}`,
      wanted: wanted.listenPort === 0 ? '(random)' : `${wanted.listenPort}`,
    })
  }
  if (wanted.fwmark !== undefined && wanted.fwmark !== running.fwmark) {
    change.fwmark = wanted.fwmark
    differences.push({
      object: 'interface',
      field: 'fwmark',
      running: hex(running.fwmark),
      wanted: hex(wanted.fwmark),
    })
  }
  const file = joinSections(wanted.peers)
  const peers: PeerChange[] = []
  for (const peer of running.peers) {
    if (file.has(peer.publicKey)) continue
    peers.push({ publicKey: peer.publicKey, remove: true })
    differences.push({ object: 'peer', id: peer.publicKey, running: allowedText(peer.allowedIps) })
  }
  const present = new Map(running.peers.map((peer) => [peer.publicKey, peer]))
  // A prefix that moves between peers is added last, so that its old owner does not take it back.
  for (const [publicKey, want] of file) {
    const peer = present.get(publicKey)
    if (!peer) {
      peers.push({ ...want, replaceAllowedIps: true })
      differences.push({ object: 'peer', id: publicKey, wanted: allowedText(want.allowedIps ?? []) })
      continue
    }
    const peerChange = diffPeer(peer, want, memory, differences)
    if (peerChange) peers.push(peerChange)
  }
  return { change: { ...change, peers }, differences }
}

/** Says whether a change is empty. */
export const isEmptyChange = (change: DeviceChange): boolean =>
  change.privateKey === undefined &&
  change.listenPort === undefined &&
  change.fwmark === undefined &&
  change.peers.length === 0

const diffPeer = (
  peer: Peer,
  want: PeerChange,
  memory: EndpointMemory,
  differences: Difference[],
): PeerChange | undefined => {
  const id = peer.publicKey
  const change: {
    presharedKey?: Key
    endpoint?: Endpoint
    keepaliveSeconds?: number
    replaceAllowedIps?: boolean
    allowedIps?: readonly AllowedIpChange[]
  } = {}
  const isExternal = want.presharedKey === undefined && !memory.presharedKeys?.has(id)
  const secret = isExternal ? (peer.presharedKey ?? zeroKey) : (want.presharedKey ?? zeroKey)
  if (secret !== (peer.presharedKey ?? zeroKey)) {
    change.presharedKey = secret
    differences.push({
      object: 'peer',
      id,
      field: 'preshared key',
      running: peer.presharedKey ? '(hidden)' : '(none)',
      wanted: secret === zeroKey ? '(none)' : '(hidden)',
    })
  }
  if (want.endpoint && endpointDiffers(peer, want.endpoint, memory)) {
    change.endpoint = want.endpoint
    differences.push({
      object: 'peer',
      id,
      field: 'endpoint',
      running: peer.endpoint ? formatEndpoint(peer.endpoint) : '(none)',
      wanted: formatEndpoint(want.endpoint),
    })
  }
  const keepalive = want.keepaliveSeconds ?? 0
  if (keepalive !== peer.keepaliveSeconds) {
    change.keepaliveSeconds = keepalive
    differences.push({
      object: 'peer',
      id,
      field: 'persistent keepalive',
      running: keepaliveText(peer.keepaliveSeconds),
      wanted: keepaliveText(keepalive),
    })
  }
  if (!samePrefixes(peer.allowedIps, want.allowedIps ?? [])) {
    change.replaceAllowedIps = true
    change.allowedIps = want.allowedIps ?? []
    differences.push({
      object: 'peer',
      id,
      field: 'allowed ips',
      running: allowedText(peer.allowedIps),
      wanted: allowedText(want.allowedIps ?? []),
    })
  }
  return Object.keys(change).length > 0 ? { publicKey: id, updateOnly: true, ...change } : undefined
}

/** Compares prefixes regardless of order; mostly the order is the same. */
const samePrefixes = (a: readonly Cidr[], b: readonly Cidr[]): boolean => {
  const isSame = (one: Cidr, other: Cidr | undefined) =>
    one.address === other?.address && one.prefixLength === other.prefixLength
  if (a.length === b.length && a.every((one, at) => isSame(one, b[at]))) return true
  const has = new Set(a.map(formatCidr))
  const wants = new Set(b.map(formatCidr))
  return has.size === wants.size && [...wants].every((prefix) => has.has(prefix))
}

/** A running endpoint that differs from the file may have roamed: then only a change of the file counts. */
const endpointDiffers = (peer: Peer, want: Endpoint, memory: EndpointMemory): boolean => {
  const text = formatEndpoint(want)
  if (!peer.endpoint) return true
  if (formatEndpoint(peer.endpoint) === text) return false
  return memory.configured.get(peer.publicKey) !== text
}

/** Merges sections into peers, without host bits. A reload compares the same sections several times. */
const joinSections = (sections: readonly PeerChange[]): ReadonlyMap<Key, PeerChange> => {
  const known = joinedBefore.get(sections)
  if (known) return known
  const joined = new Map<Key, PeerChange>()
  const owner = new Map<string, Key>()
  for (const section of sections) {
    const allowedIps = section.allowedIps?.map(maskCidr)
    const before = joined.get(section.publicKey)
    joined.set(section.publicKey, { ...before, ...section, ...(allowedIps ? { allowedIps } : {}) })
    for (const cidr of allowedIps ?? []) owner.set(formatCidr(cidr), section.publicKey)
  }
  // A prefix listed under several peers belongs to the last one.
  if (owner.size < sections.reduce((sum, { allowedIps = [] }) => sum + allowedIps.length, 0))
    for (const [key, peer] of joined) {
      const allowedIps = (peer.allowedIps ?? []).filter((cidr) => owner.get(formatCidr(cidr)) === key)
      joined.set(key, { ...peer, allowedIps })
    }
  joinedBefore.set(sections, joined)
  return joined
}

const joinedBefore = new WeakMap<readonly PeerChange[], ReadonlyMap<Key, PeerChange>>()

const hex = (mark: number): string => (mark === 0 ? 'off' : `0x${mark.toString(16)}`)
const keepaliveText = (seconds: number): string => (seconds === 0 ? 'off' : `${seconds} s`)
const allowedText = (cidrs: readonly Cidr[]): string =>
  cidrs.length === 0 ? '(none)' : cidrs.map((cidr) => formatCidr(maskCidr(cidr))).join(', ')
