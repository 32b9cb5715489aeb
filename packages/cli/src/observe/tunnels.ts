// SPDX-License-Identifier: MIT
import { basename } from 'node:path'
import { parseDocument } from '@wgq/config/document'
import { findPeer, type PeerName, peerNames } from '@wgq/config/names'
import { readParts } from '@wgq/config/parts'
import type { Device, DeviceAccess } from '@wgq/model/device'
import { isWgqError, type WgqError } from '@wgq/model/error'
import type { Key } from '@wgq/model/key'
import { deviceFault } from '../device-fault.ts'
import { configPathOf } from './config-path.ts'

/**
 * The requested interfaces, by name or by the path of their file; all interfaces if none is named. Raises `E_DEVICE` if
 * they cannot be listed.
 */
export const chosenInterfaces = async (
  devices: DeviceAccess,
  asked: readonly string[],
): Promise<readonly string[]> => {
  if (asked.length > 0) return asked.map((one) => (/\/.*\.conf$/.test(one) ? basename(one, '.conf') : one))
  try {
    return await devices.list()
  } catch (error) {
    throw deviceFault('Unable to list interfaces', error)
  }
}

/** Reads a device; undefined if none has that name now. Raises `E_DEVICE` for any other failure. */
export const readIfThere = async (devices: DeviceAccess, name: string): Promise<Device | undefined> => {
  try {
    return await devices.read(name)
  } catch (error) {
    if (isWgqError(error) && gone.has(error.errno ?? '')) return undefined
    throw deviceFault(`Unable to access interface ${name}`, error)
  }
}

/**
 * The requested devices, or all, as far as they exist now. Raises the errors of the two functions above, but where all are
 * asked for, one that cannot be read does not hide the others: it is passed to `unread`.
 */
export const readChosen = async (
  devices: DeviceAccess,
  asked: readonly string[],
  unread: (name: string, error: WgqError) => void,
): Promise<Device[]> => {
  const found: Device[] = []
  for (const name of await chosenInterfaces(devices, asked)) {
    try {
      const device = await readIfThere(devices, name)
      if (device) found.push(device)
    } catch (error) {
      if (asked.length > 0 || !isWgqError(error)) throw error
      unread(name, error)
    }
  }
  return found
}

/** Errors of a missing interface: no socket, no link, no driver, or a daemon that ends during the request. */
const gone = new Set(['ENODEV', 'ENOENT', 'EPROTONOSUPPORT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'])

/** The peer names in the configuration file of an interface; empty if there is no readable file. */
export const namesOf = (interfaceName: string): readonly PeerName[] => {
  try {
    return readParts(configPathOf(interfaceName)).flatMap(({ path, source }) =>
      peerNames(parseDocument(source.text), path),
    )
  } catch (error) {
    if (isWgqError(error)) return []
    throw error
  }
}

/** Names by key, for output. */
export const nameMap = (names: readonly PeerName[]): ReadonlyMap<Key, string> =>
  new Map(names.map(({ publicKey, name }) => [publicKey, name]))

/** Resolves a user's word for a peer of an interface to its key: a key, `@phone` or `phone`. Raises `E_PEER_NAME`. */
export const peerKey = (interfaceName: string, word: string): Key => findPeer(namesOf(interfaceName), word)
