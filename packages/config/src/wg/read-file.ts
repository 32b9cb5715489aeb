// SPDX-License-Identifier: MIT
import type { AllowedIpChange, DeviceChange, PeerChange } from '@wgq/model/device'
import { isWgqError, type Position, WgqError } from '@wgq/model/error'
import type { Key } from '@wgq/model/key'
import { peerKeys, wgInterfaceKeys } from '../file-keys.ts'
import { lower, readWgLine } from '../reading.ts'
import { readAllowedIps } from './allowed-ips.ts'
import type { WgContext } from './context.ts'
import { readFwmark, readKeepalive, readKey, readPort } from './values.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type OpenPeer = Omit<Mutable<PeerChange>, 'publicKey' | 'allowedIps'> & {
  publicKey?: Key
  allowedIps: AllowedIpChange[]
  /** Where its section begins. */
  readonly line: number
}
type OpenDevice = Omit<Mutable<DeviceChange>, 'peers'>

/**
 * Reads a configuration as `wg addconf` does (spec wg §5): the change holds only what the file sets; every peer
 * replaces its allowed IPs unless an entry has a sign. `text` holds one character per byte; `file` names it in
 * messages. All or nothing: the first bad line raises `E_VALUE` or `E_LINE` with its position; a peer without key
 * raises `E_PEER`.
 */
export const readWgFile = async (text: string, file: string, context: WgContext): Promise<DeviceChange> => {
  const device: OpenDevice = {}
  const peers: OpenPeer[] = []
  let section: 'none' | 'interface' | 'peer' = 'none'
  const lines = text.split('\n')
  for (let i = 0; i < lines.length; i++) {
    const raw = lines[i] as string
    const { clean, key, value } = readWgLine(raw)
    if (clean === '') continue
    try {
      const name = lower(clean)
      if (name === '[interface]') section = 'interface'
      else if (name === '[peer]') {
        section = 'peer'
        peers.push({ replaceAllowedIps: true, allowedIps: [], line: i + 1 })
      } else if (key === undefined || value === undefined) throw unrecognized(clean)
      else if (section === 'interface') readDeviceKey(device, lower(key), value, clean, context)
      else if (section === 'peer') {
        const pending = readPeerKey(peers.at(-1) as OpenPeer, lower(key), value, clean, context)
        if (pending) await pending
      } else throw unrecognized(clean)
    } catch (error) {
      throw isWgqError(error) ? located(error, raw, { file, line: i + 1, column: 1 }) : error
    }
  }
  return { ...device, peers: peers.map((peer) => finished(peer, file)) }
}

const finished = ({ line, publicKey, ...rest }: OpenPeer, file: string): PeerChange => {
  if (publicKey !== undefined) return { publicKey, ...rest }
  throw new WgqError('E_PEER', 'This [Peer] section has no PublicKey', {
    at: { file, line, column: 1 },
    wgText: 'A peer is missing a public key\nInvalid configuration',
  })
}

const readDeviceKey = (
  device: OpenDevice,
  key: string,
  value: string,
  clean: string,
  context: WgContext,
): void => {
  if (key === 'listenport') device.listenPort = readPort(value, context.ports)
  else if (key === 'fwmark') device.fwmark = readFwmark(value)
  else if (key === 'privatekey') device.privateKey = readKey(value)
  else throw unrecognized(clean)
}

/** Reads one key of a peer; returns a promise only if a name must be looked up. */
const readPeerKey = (
  peer: OpenPeer,
  key: string,
  value: string,
  clean: string,
  context: WgContext,
): Promise<void> | undefined => {
  if (key === 'publickey') peer.publicKey = readKey(value)
  else if (key === 'presharedkey') peer.presharedKey = readKey(value)
  else if (key === 'persistentkeepalive') peer.keepaliveSeconds = readKeepalive(value)
  else if (key === 'allowedips') {
    const { replace, entries } = readAllowedIps(value, context.warn)
    peer.replaceAllowedIps = replace
    for (const entry of entries) peer.allowedIps.push(entry)
  } else if (key === 'endpoint') {
    return context.resolve(value).then((endpoint) => {
      if (endpoint) peer.endpoint = endpoint
    })
  } else throw unrecognized(clean)
  return undefined
}

const unrecognized = (clean: string): WgqError => {
  const isEmpty = /^[a-z]+=$/i.test(clean)
  const expected = isEmpty
    ? 'A value is expected behind "=", found nothing'
    : 'A key of wg in its section is expected here'
  return new WgqError('E_LINE', expected, {
    wgText: `Line unrecognized: \`${clean}'`,
    hint: `\`wgq strip\` removes the keys of wg-quick; [Interface] takes ${wgInterfaceKeys.join(', ')}; [Peer] takes ${peerKeys.join(', ')}`,
  })
}

/** The index where the value begins; for AllowedIPs, the first entry that cannot be read. */
const startOfFault = (raw: string): number => {
  let start = raw.indexOf('=') + 1
  if (lower(readWgLine(raw).key ?? '') !== 'allowedips') return start
  for (const entry of raw.slice(start).replace(/#.*/s, '').split(',')) {
    try {
      readAllowedIps(entry.replace(/[\t-\r ]+/g, '') || ',', () => {})
    } catch {
      return start
    }
    start += entry.length + 1
  }
  return raw.indexOf('=') + 1
}

/** The error with its position; the column is the start of the value. wg prints one more line for most errors. */
const located = (error: WgqError, raw: string, line: Position): WgqError => {
  const start = error.code === 'E_VALUE' ? startOfFault(raw) : 0
  const column = start + (/\S/.exec(raw.slice(start))?.index ?? 0) + 1
  const ends = error.code === 'E_ENVIRONMENT' ? '' : '\nConfiguration parsing error'
  return new WgqError(error.code, error.message, {
    at: { ...line, column },
    wgText: `${error.wgText ?? error.message}${ends}`,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  })
}
