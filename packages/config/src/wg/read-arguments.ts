// SPDX-License-Identifier: MIT
import type { AllowedIpChange, DeviceChange, PeerChange } from '@wgq/model/device'
import type { Endpoint } from '@wgq/model/endpoint'
import type { Key } from '@wgq/model/key'
import { readAllowedIps } from './allowed-ips.ts'
import type { WgContext } from './context.ts'
import { fault } from './fault.ts'
import { readFwmark, readKeepalive, readKey, readPort } from './values.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type OpenPeer = Omit<Mutable<PeerChange>, 'allowedIps'> & { allowedIps: AllowedIpChange[] }

/** Reads a key from the file that an argument names; gets the argument as given by the user. */
type KeyFileReader = (path: string) => Key

/**
 * Reads the words of `wg set` after the interface (spec wg §4), left to right: device words first, then peers. `words`
 * are as given by the user. Raises `E_VALUE` for a word that does not fit or a bad value.
 */
export const readSetArguments = async (
  words: readonly string[],
  context: WgContext,
  keyFile: KeyFileReader,
): Promise<DeviceChange> => {
  const device: Omit<Mutable<DeviceChange>, 'peers'> = {}
  const peers: OpenPeer[] = []
  let next = 0
  while (next < words.length) {
    const word = words[next++] as string
    const peer = peers.at(-1)
    if (word === 'remove' && peer) {
      peer.remove = true
      continue
    }
    const argument = words[next++]
    if (argument === undefined) throw unfit(word, 'is the last word: it is unknown or lacks its value')
    const value = Buffer.from(argument, 'utf8').toString('latin1')
    if (word === 'peer') peers.push({ publicKey: readKey(value), allowedIps: [] })
    else if (word === 'listen-port' && !peer) device.listenPort = readPort(value, context.ports)
    else if (word === 'fwmark' && !peer) device.fwmark = readFwmark(value)
    else if (word === 'private-key' && !peer) device.privateKey = keyFile(argument)
    else if (word === 'preshared-key' && peer) peer.presharedKey = keyFile(argument)
    else if (word === 'endpoint' && peer) setEndpoint(peer, await context.resolve(value))
    else if (word === 'persistent-keepalive' && peer) peer.keepaliveSeconds = readKeepalive(value)
    else if (word === 'allowed-ips' && peer) {
      const { replace, entries } = readAllowedIps(value.replace(/[\t-\r ]+/g, ''), context.warn)
      peer.replaceAllowedIps = replace
      peer.allowedIps.push(...entries)
    } else throw unfit(word)
  }
  return { ...device, peers }
}

const unfit = (word: string, reason = 'does not fit here') =>
  fault(
    `Invalid argument: ${Buffer.from(word, 'utf8').toString('latin1')}`,
    `${JSON.stringify(word)} ${reason}`,
    'device words come first: listen-port, fwmark, private-key; then peer KEY with remove, preshared-key, endpoint, persistent-keepalive, allowed-ips',
  )

const setEndpoint = (peer: { endpoint?: Endpoint }, endpoint: Endpoint | undefined): void => {
  if (endpoint) peer.endpoint = endpoint
}
