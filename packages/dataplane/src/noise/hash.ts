// SPDX-License-Identifier: MIT
import { createHash, createHmac } from 'node:crypto'
import { blake2s } from '@noble/hashes/blake2.js'
import { macLength } from './messages.ts'

/** HASH: BLAKE2s-256 of the parts one after the other. */
export const hash = (...parts: readonly Uint8Array[]): Buffer => {
  const digest = createHash('blake2s256')
  for (const part of parts) digest.update(part)
  return digest.digest()
}

/** MAC: keyed BLAKE2s with 16 bytes of output. OpenSSL reaches it only through EVP_MAC, which Node does not offer. */
export const mac = (key: Uint8Array, data: Uint8Array): Uint8Array => blake2s(data, { key, dkLen: macLength })

/** HMAC on BLAKE2s-256 (RFC 2104). */
export const hmac = (key: Uint8Array, data: Uint8Array): Buffer =>
  createHmac('blake2s256', key).update(data).digest()

/** KDF: `count` outputs of 32 bytes (spec protocol §1). The caller zeroes what it keeps. */
export const kdf = (key: Uint8Array, input: Uint8Array, count: 1 | 2 | 3): Buffer[] => {
  const secret = hmac(key, input)
  const outputs: Buffer[] = []
  let block = Buffer.alloc(0)
  for (let n = 1; n <= count; n++) {
    const next = hmac(secret, Buffer.concat([block, Buffer.of(n)]))
    block.fill(0)
    block = Buffer.from(next)
    outputs.push(next)
  }
  block.fill(0)
  secret.fill(0)
  return outputs
}
