// SPDX-License-Identifier: MIT
import type { AllowedIpChange, DeviceChange, PeerChange } from '@wgq/model/device'
import { parseIp } from '@wgq/model/ip'
import { keyBytes } from '@wgq/model/key'
import type { Memory } from '../bsd/memory.ts'
import { afInet6, encodeSockaddr, type InterfaceIndex } from '../bsd/sockaddr.ts'
import type { NvList, NvPair } from './nvlist.ts'

/**
 * The list for FreeBSD's SIOCSWG that describes a change, its pairs in wg(8)'s order (spec bsd §2.3). Removals of
 * allowed IPs and `updateOnly` have no portable form here and must be resolved first (allowed-ip-edits.ts), and the
 * change must have been checked (checked-change.ts).
 */
export const changeToNvlist = (
  change: DeviceChange,
  interfaceIndex: InterfaceIndex,
  memory: Memory,
): NvList => [
  ...present(change.privateKey, (key) => binary('private-key', keyBytes(key))),
  ...present(change.listenPort, (port) => number('listen-port', port)),
  ...present(change.fwmark, (mark) => number('user-cookie', mark)),
  ...flag('replace-peers', change.replacePeers),
  ...list(
    'peers',
    change.peers.map((peer) => peerPairs(peer, interfaceIndex, memory)),
  ),
]

const peerPairs = (peer: PeerChange, interfaceIndex: InterfaceIndex, memory: Memory): NvList => [
  binary('public-key', keyBytes(peer.publicKey)),
  ...present(peer.presharedKey, (key) => binary('preshared-key', keyBytes(key))),
  ...present(peer.keepaliveSeconds, (seconds) => number('persistent-keepalive-interval', seconds)),
  ...present(peer.endpoint, (endpoint) =>
    binary('endpoint', encodeSockaddr(endpoint, afInet6.freebsd, interfaceIndex, memory)),
  ),
  ...flag('replace-allowedips', peer.replaceAllowedIps),
  ...flag('remove', peer.remove),
  ...list('allowed-ips', (peer.allowedIps ?? []).map(allowedIpPairs)),
]

const allowedIpPairs = (cidr: AllowedIpChange): NvList => [
  number('cidr', cidr.prefixLength),
  binary(cidr.family === 4 ? 'ipv4' : 'ipv6', Buffer.from(parseIp(cidr.address) ?? [])),
]

const present = <T>(value: T | undefined, pair: (value: T) => NvPair): NvPair[] =>
  value === undefined ? [] : [pair(value)]

const binary = (name: string, value: Buffer): NvPair => ({ name, type: 'binary', value })

const number = (name: string, value: number): NvPair => ({ name, type: 'number', value: BigInt(value) })

/** Booleans are only ever written as true. */
const flag = (name: string, value: boolean | undefined): NvPair[] =>
  value ? [{ name, type: 'bool', value: true }] : []

/** The kernel refuses an empty array of lists, so it is left out. */
const list = (name: string, value: readonly NvList[]): NvPair[] =>
  value.length > 0 ? [{ name, type: 'nvlist[]', value }] : []
