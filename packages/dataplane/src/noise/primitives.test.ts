// SPDX-License-Identifier: MIT
import { hash, kdf, mac } from '@wgq/native/noise-primitives'
import { expect, test } from 'vitest'
import cookieVector from '../../../../test/fixtures/protocol/cookie.json' with { type: 'json' }
import vectors from '../fixtures/primitives.json' with { type: 'json' }
import { dh, importKeyPair, makeKeyPair } from './dh.ts'
import { addMacs, cookieKey, mac1Key, openCookie } from './macs.ts'
import { initiation } from './messages.ts'
import { tai64n } from './tai64n.ts'

const bytes = (hex: string) => Buffer.from(hex, 'hex')
const hex = (data: Uint8Array | undefined) => data && Buffer.from(data).toString('hex')

const written = (length: number, write: (out: Buffer) => void) => {
  const out = Buffer.alloc(length, 0xee)
  write(out)
  return hex(out)
}

test.each(vectors.blake2s_unkeyed)('HASH $name', ({ data, out32 }) => {
  expect(written(32, (out) => hash(out, bytes(data)))).toBe(out32)
  for (const at of [0, 1, Math.floor(data.length / 4)])
    expect(written(32, (out) => hash(out, bytes(data).subarray(0, at), bytes(data).subarray(at)))).toBe(out32)
})

test.each(vectors.blake2s_keyed16)('MAC of $data', ({ key, data, out16 }) => {
  expect(written(16, (out) => mac(out, bytes(key), bytes(data)))).toBe(out16)
})

test.each(vectors.kdf)('KDF of $input', ({ key, input, kdf3 }) => {
  for (const count of [1, 2, 3] as const) {
    const [first, ...more] = Array.from({ length: count }, () => Buffer.alloc(32)) as [
      Buffer,
      Buffer?,
      Buffer?,
    ]
    // HMAC pads a shorter key with zeros (RFC 2104): the same key.
    kdf(Buffer.concat([bytes(key), Buffer.alloc(32)]).subarray(0, 32), bytes(input), first, ...more)
    expect([first, ...more].map(hex)).toEqual(kdf3.slice(0, count))
  }
})

test.each(vectors.x25519)('DH of $private', (vector) => {
  expect(hex(dh(importKeyPair(bytes(vector.private)).privateKey, bytes(vector.public)))).toBe(vector.shared)
})

test.each(vectors.low_order_points_base64)('low-order point %s gives nothing', (point) => {
  expect(dh(makeKeyPair().privateKey, Buffer.from(point, 'base64'))).toBeUndefined()
})

test('generated pairs agree, and a thousand of them differ', () => {
  const a = makeKeyPair()
  const b = makeKeyPair()
  const shared = dh(a.privateKey, b.publicKey)
  expect(shared).toHaveLength(32)
  expect(hex(shared)).toBe(hex(dh(b.privateKey, a.publicKey)))
  const publics = new Set(Array.from({ length: 1000 }, () => hex(makeKeyPair().publicKey)))
  expect(publics.size).toBe(1000)
})

test.each(vectors.tai64n)('TAI64N of $unix_seconds.$nanoseconds', (vector) => {
  const time = BigInt(vector.unix_seconds) * 1_000_000_000n + BigInt(vector.nanoseconds)
  expect(hex(tai64n(time))).toBe(vector.tai64n)
})

test('mac1 and cookie keys', () => {
  const key = bytes(cookieVector.responder_static_public)
  expect(hex(mac1Key(key))).toBe(cookieVector.mac1_key)
  expect(hex(cookieKey(key))).toBe(cookieVector.cookie_encryption_key)
})

test.each(cookieVector.cases)('cookie for $source', (vector) => {
  const secret = bytes(cookieVector.cookie_secret)
  expect(written(16, (out) => mac(out, secret, bytes(vector.source_bytes_addr_then_port_be)))).toBe(
    vector.cookie,
  )
  const reply = bytes(vector.cookie_reply_message)
  const key = bytes(cookieVector.cookie_encryption_key)
  const cookie = openCookie(reply, key, bytes(vector.mac1_aad))
  expect(hex(cookie)).toBe(vector.cookie)
  const message = bytes(cookieVector.received_initiation)
  expect(hex(addMacs(message, bytes(cookieVector.mac1_key), cookie))).toBe(vector.mac1_aad)
  expect(hex(message)).toBe(vector.initiation_with_mac2)
  expect(hex(message.subarray(initiation.mac2))).toBe(vector.mac2)
})

test('a cookie reply with any part altered is refused', () => {
  const vector = cookieVector.cases[0]
  const key = bytes(cookieVector.cookie_encryption_key)
  const aad = bytes(vector?.mac1_aad ?? '')
  for (const at of [8, 31, 32, 47, 48, 63]) {
    const reply = bytes(vector?.cookie_reply_message ?? '')
    reply[at] = (reply[at] as number) ^ 0x80
    expect(openCookie(reply, key, aad)).toBeUndefined()
  }
  expect(openCookie(bytes(vector?.cookie_reply_message ?? ''), key, Buffer.alloc(16))).toBeUndefined()
})
