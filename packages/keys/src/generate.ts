// SPDX-License-Identifier: MIT
import { randomBytes } from 'node:crypto'
import { type Key, keyFromBytes } from '@wgq/model/key'

/** Fills a buffer of the given length with random bytes fit for keys. */
export type RandomBytes = (length: number) => Buffer

/** wg genkey: a new Curve25519 private key, clamped (RFC 7748 §5). */
export const generatePrivateKey = (random: RandomBytes = randomBytes): Key => {
  const bytes = random(32)
  bytes[0] = (bytes[0] as number) & 248
  bytes[31] = ((bytes[31] as number) & 127) | 64
  return taken(bytes)
}

/** wg genpsk: 32 random bytes, not clamped. */
export const generatePresharedKey = (random: RandomBytes = randomBytes): Key => taken(random(32))

/** The key of `bytes`, which are wiped: the text is the only copy that remains. */
const taken = (bytes: Buffer): Key => {
  const key = keyFromBytes(bytes)
  bytes.fill(0)
  return key
}
