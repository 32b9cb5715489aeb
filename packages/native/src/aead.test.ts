// SPDX-License-Identifier: MIT
import { createCipheriv, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { callsCiphersDirectly } from './cipher-code.ts'
import { type AeadBackend, open, seal } from './testing.ts'

const backends: AeadBackend[] = ['best', 'evp']

const oracle = (key: Uint8Array, nonce: bigint, text: Uint8Array) => {
  const iv = Buffer.alloc(12)
  iv.writeBigUInt64LE(nonce, 4)
  const cipher = createCipheriv('chacha20-poly1305', key, iv, { authTagLength: 16 })
  return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()])
}

test.each(backends)('%s gives what node:crypto gives, at every length', (backend) => {
  for (let length = 0; length < 1600; length += length < 300 ? 1 : 37) {
    const key = randomBytes(32)
    const nonce = randomBytes(8).readBigUInt64LE()
    const text = randomBytes(length)
    const sealed = oracle(key, nonce, text)
    expect(Buffer.from(seal(backend, key, nonce, text)).equals(sealed), `${length}`).toBe(true)
    expect(Buffer.from(open(backend, key, nonce, sealed) ?? []).equals(text), `${length}`).toBe(true)
  }
})

test.each(backends)('%s refuses any changed byte, another nonce and another key', (backend) => {
  const key = randomBytes(32)
  const sealed = Buffer.from(seal(backend, key, 5n, randomBytes(100)))
  expect(open(backend, key, 5n, sealed)).toBeDefined()
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed)
    changed[at] = (changed[at] ?? 0) ^ 1
    expect(open(backend, key, 5n, changed), String(at)).toBeUndefined()
  }
  expect(open(backend, key, 6n, sealed)).toBeUndefined()
  expect(open(backend, randomBytes(32), 5n, sealed)).toBeUndefined()
  expect(open(backend, key, 5n, sealed.subarray(0, 15))).toBeUndefined()
})

test('the faster functions are found where this Node brings its own OpenSSL', () => {
  const { node_shared_openssl: shared } = process.config.variables as unknown as Record<string, unknown>
  expect(callsCiphersDirectly()).toBe(!shared)
})
