// SPDX-License-Identifier: MIT
import { createCipheriv, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { callsCiphersDirectly } from './cipher-code.ts'
import { type AeadBackend, leavesOnStack, open, seal } from './testing.ts'

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

// A sanitizer keeps stack frames elsewhere.
test.skipIf(/[at]san/.test(process.env['WGQ_ADDON'] ?? ''))(
  "no key stays on the stack: neither the session's nor the packet's",
  () => {
    // In one call with block 0, and by two.
    for (const backend of backends)
      for (const operation of ['seal', 'open'] as const)
        for (const length of [0, 1, 64, 1000, 1420, 3000]) {
          const key = randomBytes(32)
          const nonce = randomBytes(8).readBigUInt64LE()
          const iv = Buffer.alloc(16)
          iv.writeBigUInt64LE(nonce, 8)
          // The first block of the key stream authenticates the packet: the multiplier, and the final addend.
          const block = createCipheriv('chacha20', key, iv).update(Buffer.alloc(64))
          const plain = randomBytes(length)
          const text = operation === 'seal' ? plain : oracle(key, nonce, plain)
          for (const secret of [
            block.subarray(0, 16),
            block.subarray(16, 32),
            key.subarray(0, 16),
            key.subarray(16),
          ])
            expect(
              leavesOnStack(backend, operation, { key, nonce, text }, secret),
              `${backend} ${operation} ${length}`,
            ).toBe(false)
        }
  },
)

test('the faster functions are found where this Node brings its own OpenSSL', () => {
  const { node_shared_openssl: shared } = process.config.variables as unknown as Record<string, unknown>
  expect(callsCiphersDirectly()).toBe(!shared)
})
