// SPDX-License-Identifier: MIT
import { type Key, keyFromBytes } from '@wgq/model/key'
import { clamp } from './clamp.ts'
import { systemRandom } from './random.ts'

/** Fills a buffer of the given length with random bytes fit for keys. */
type RandomBytes = (length: number) => Uint8Array

/** wg genkey: a new Curve25519 private key, clamped (RFC 7748 §5). */
export const generatePrivateKey = (random: RandomBytes = systemRandom): Key => taken(clamp(random(32)))

/** wg genpsk: 32 random bytes, not clamped. */
export const generatePresharedKey = (random: RandomBytes = systemRandom): Key => taken(random(32))

/** Returns the key of `bytes` and wipes them, so that the text is the only copy. */
const taken = (bytes: Uint8Array): Key => {
  const key = keyFromBytes(bytes)
  bytes.fill(0)
  return key
}
