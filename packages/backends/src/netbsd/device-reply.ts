// SPDX-License-Identifier: MIT
import type { Cidr } from '@wgq/model/cidr'
import { formatIp } from '@wgq/model/ip'
import { type Key, keyFromBytes, zeroKey } from '@wgq/model/key'
import { malformedReply } from '../bsd/malformed-reply.ts'
import type { Memory } from '../bsd/memory.ts'
import { afInet, afInet6, decodeEndpoint } from '../bsd/sockaddr.ts'
import type { NamedPeer } from './peer.ts'
import type { Plist } from './plist.ts'

/** A device as NetBSD describes it; peers newest first. */
export interface DriverReply {
  /** Absent for readers without privilege and when none is set. */
  readonly privateKey?: Key
  readonly listenPort: number
  readonly peers: readonly ReplyPeer[]
}

/** A peer with the time of its last handshake (wall clock, seconds 0 for never). */
export interface ReplyPeer extends NamedPeer {
  readonly note?: string
  readonly lastHandshake: { readonly seconds: bigint; readonly nanoseconds: number }
}

/**
 * Reads the dictionary of SIOCGDRVSPEC (spec bsd §4.2). Unknown keys are ignored; a known key of a wrong type, length or
 * range raises `E_DEVICE` (errno `EPROTO`).
 */
export const readReply = (plist: Plist, memory: Memory): DriverReply => {
  const dict = entriesOf(plist)
  const privateKey = readKey(dict, 'private_key')
  return {
    // Present for root even when unset: 32 zero bytes.
    ...(privateKey && privateKey !== zeroKey ? { privateKey } : {}),
    listenPort: Number(readInteger(dict, 'listen_port', 0xffffn) ?? 0n),
    peers: readArray(dict, 'peers').map((peer) => readPeer(peer, memory)),
  }
}

const readPeer = (plist: Plist, memory: Memory): ReplyPeer => {
  const dict = entriesOf(plist)
  const publicKey = readKey(dict, 'public_key')
  if (!publicKey) throw refuse('peer', 'a public_key', 'none')
  const name = dict.get('name')
  if (name && name.type !== 'string') throw refuse('name', 'string', name.type)
  const presharedKey = readKey(dict, 'preshared_key')
  const endpoint = readData(dict, 'endpoint')
  return {
    ...(name ? { name: name.text } : {}),
    publicKey,
    ...(presharedKey && presharedKey !== zeroKey ? { presharedKey } : {}),
    ...(endpoint ? decodeEndpoint(endpoint, afInet6.netbsd, memory) : {}),
    allowedIps: readArray(dict, 'allowedips').map(readCidr),
    lastHandshake: {
      seconds: readInteger(dict, 'last_handshake_time_sec', 1n << 63n) ?? 0n,
      nanoseconds: Number(readInteger(dict, 'last_handshake_time_nsec', 999_999_999n) ?? 0n),
    },
  }
}

const readCidr = (plist: Plist): Cidr => {
  const dict = entriesOf(plist)
  const family = readInteger(dict, 'family', 255n)
  if (family !== BigInt(afInet) && family !== BigInt(afInet6.netbsd))
    throw refuse('family', `${afInet} or ${afInet6.netbsd}`, String(family))
  const bytes = family === BigInt(afInet) ? 4 : 16
  const address = readData(dict, 'ip', [bytes])
  const prefixLength = readInteger(dict, 'cidr', BigInt(bytes * 8))
  if (!address || prefixLength === undefined) throw refuse('allowed ip', 'ip and cidr', 'one of them')
  return { family: bytes === 4 ? 4 : 6, address: formatIp(address), prefixLength: Number(prefixLength) }
}

type Entries = ReadonlyMap<string, Plist>

const entriesOf = (plist: Plist): Entries => {
  if (plist.type !== 'dict') throw refuse('value', 'a dict', plist.type)
  return plist.entries
}

const readArray = (dict: Entries, key: string): readonly Plist[] => {
  const value = dict.get(key)
  if (!value) return []
  if (value.type !== 'array') throw refuse(key, 'an array', value.type)
  return value.items
}

const readInteger = (dict: Entries, key: string, most: bigint): bigint | undefined => {
  const value = dict.get(key)
  if (!value) return undefined
  if (value.type !== 'integer') throw refuse(key, 'an integer', value.type)
  if (value.value < 0n || value.value > most) throw refuse(key, `0 to ${most}`, String(value.value))
  return value.value
}

const readData = (dict: Entries, key: string, lengths?: readonly number[]): Buffer | undefined => {
  const value = dict.get(key)
  if (!value) return undefined
  if (value.type !== 'data') throw refuse(key, 'data', value.type)
  if (lengths && !lengths.includes(value.bytes.length))
    throw refuse(key, `${lengths.join(' or ')} bytes`, `${value.bytes.length} bytes`)
  return value.bytes
}

const readKey = (dict: Entries, key: string): Key | undefined => {
  const bytes = readData(dict, key, [32])
  return bytes && keyFromBytes(bytes)
}

const refuse = (what: string, expected: string, found: string) => malformedReply(what, expected, found)
