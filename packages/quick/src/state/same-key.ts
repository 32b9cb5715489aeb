// SPDX-License-Identifier: MIT
import { clampKey } from '@wgq/keys/clamp'
import { derivePublicKey } from '@wgq/keys/derive'
import type { Device } from '@wgq/model/device'
import { type Key, zeroKey } from '@wgq/model/key'

/**
 * Says whether a running device has the private key of a file. Devices clamp keys when they are set; boringtun shows
 * only the public one.
 */
export const hasPrivateKey = ({ privateKey, publicKey }: Device, wanted: Key): boolean => {
  if (privateKey === undefined && publicKey !== undefined)
    return wanted !== zeroKey && derivePublicKey(wanted) === publicKey
  return wanted === (privateKey ?? zeroKey) || (wanted !== zeroKey && clampKey(wanted) === privateKey)
}
