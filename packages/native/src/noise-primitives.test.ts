// SPDX-License-Identifier: MIT
import {
  createCipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  randomBytes,
  randomInt,
} from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { blake2s } from '@noble/hashes/blake2.js'
import { describe, expect, test } from 'vitest'
import vectors from './fixtures/primitives.json' with { type: 'json' }
import { agree, keyPair } from './fixtures/vector-handshake.ts'
import {
  generatePrivateKey,
  hash,
  importPrivateKey,
  kdf,
  mac,
  open,
  type PrivateKey,
  reseedRandom,
  seal,
  wipePrivateKey,
  x25519,
} from './noise-primitives.ts'

/** A view into a larger buffer at an odd offset, like a part of a message; the bytes around it must not change. */
const view = (length: number, content: Uint8Array = Buffer.alloc(length, 0xaa)) => {
  const before = 1 + 2 * randomInt(8)
  const around = Buffer.alloc(before + length + 9, 0xaa)
  around.set(content, before)
  const part = around.subarray(before, before + length)
  const untouched = () => {
    const rest = Buffer.concat([around.subarray(0, before), around.subarray(before + length)])
    return rest.every((byte) => byte === 0xaa)
  }
  return { part, untouched }
}

/** Runs `write` on a view and returns what it wrote. */
const written = (length: number, write: (out: Buffer) => void): Buffer => {
  const { part, untouched } = view(length)
  write(part)
  expect(untouched()).toBe(true)
  return part
}

const random = (length: number): Buffer => view(length, randomBytes(length)).part
const lengths = [0, 1, 12, 31, 32, 33, 48, 63, 64, 65, 116, 127, 128, 129, 1000]

const pkcs8 = Buffer.from('302e020100300506032b656e04220420', 'hex')
const spki = Buffer.from('302a300506032b656e032100', 'hex')
const nodePrivate = (bytes: Uint8Array) =>
  createPrivateKey({ key: Buffer.concat([pkcs8, bytes]), format: 'der', type: 'pkcs8' })
const nodePublic = (bytes: Uint8Array) =>
  createPublicKey({ key: Buffer.concat([spki, bytes]), format: 'der', type: 'spki' })
const nodePublicOf = (bytes: Uint8Array) =>
  createPublicKey(nodePrivate(bytes)).export({ format: 'der', type: 'spki' }).subarray(spki.length)

test.each(lengths)('hash and mac of %i bytes are those of node:crypto and noble', (length) => {
  const data = random(length)
  const expected = createHash('blake2s256').update(data).digest()
  expect(written(32, (out) => hash(out, data))).toEqual(expected)
  const at = randomInt(length + 1)
  expect(written(32, (out) => hash(out, data.subarray(0, at), data.subarray(at)))).toEqual(expected)
  for (const keyLength of [16, 32]) {
    const key = random(keyLength)
    const oracle = blake2s(data, { key, dkLen: 16 })
    expect(written(16, (out) => mac(out, key, data))).toEqual(Buffer.from(oracle))
  }
})

test('a hash may take the place of what went in', () => {
  const [running, data] = [random(32), random(48)]
  const expected = createHash('blake2s256').update(running).update(data).digest()
  hash(running, running, data)
  expect(running).toEqual(expected)
})

test.each(lengths)('kdf of %i bytes is HKDF on the HMAC of node:crypto', (length) => {
  const hmac = (key: Uint8Array, ...parts: Uint8Array[]) =>
    createHmac('blake2s256', key).update(Buffer.concat(parts)).digest()
  const [key, input] = [random(32), random(length)]
  const secret = hmac(key, input)
  const first = hmac(secret, Buffer.of(1))
  const second = hmac(secret, first, Buffer.of(2))
  const expected = [first, second, hmac(secret, second, Buffer.of(3))]
  for (const count of [1, 2, 3]) {
    const outputs = Array.from({ length: count }, () => random(32)) as [Buffer, Buffer?, Buffer?]
    kdf(key, input, ...outputs)
    expect(outputs).toEqual(expected.slice(0, count))
  }
  // As in a handshake: the next chaining key replaces the previous one.
  const other = random(32)
  kdf(key, input, key, other)
  expect([key, other]).toEqual(expected.slice(0, 2))
})

test.each(lengths)('seal and open %i bytes as node:crypto does', (length) => {
  for (const aadLength of [0, 32, 33]) {
    const [key, text, aad] = [random(32), random(length), random(aadLength)]
    const cipher = createCipheriv('chacha20-poly1305', key, Buffer.alloc(12), { authTagLength: 16 })
    cipher.setAAD(aad, { plaintextLength: length })
    const expected = Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()])
    const sealed = written(length + 16, (out) => seal(out, key, text, aad))
    expect(sealed).toEqual(expected)
    expect(written(length, (out) => expect(open(out, key, sealed, aad)).toBe(true))).toEqual(text)
    for (const at of [0, length, length + 15]) {
      const forged = Buffer.from(sealed)
      forged[at] = (forged[at] as number) ^ 1
      const out = written(length, (to) => expect(open(to, key, forged, aad)).toBe(false))
      expect(out).toEqual(Buffer.alloc(length))
    }
    expect(open(random(length), random(32), sealed, aad)).toBe(false)
    expect(open(random(length), key, sealed, random(aadLength + 1))).toBe(false)
    // A failure leaves no state that would spoil the next call.
    expect(open(random(length), key, sealed, aad)).toBe(true)
  }
})

describe('X25519', () => {
  const pairOf = (secret: Uint8Array): { key: PrivateKey; publicKey: Buffer } => {
    const { part: publicKey, untouched } = view(32)
    const key = importPrivateKey(secret, publicKey)
    expect(untouched()).toBe(true)
    return { key, publicKey }
  }

  test('imported keys have the public half and agree on the secret of node:crypto, unclamped ones too', () => {
    for (const secret of [
      Buffer.alloc(32),
      Buffer.alloc(32, 0xff),
      ...Array.from({ length: 30 }, () => random(32)),
    ]) {
      const { key, publicKey } = pairOf(secret)
      expect(publicKey).toEqual(nodePublicOf(secret))
      // One key agrees with many, one after the other.
      for (let i = 0; i < 3; i++) {
        const other = random(32)
        const expected = diffieHellman({ privateKey: nodePrivate(secret), publicKey: nodePublic(other) })
        expect(written(32, (out) => expect(x25519(out, key, other)).toBe(true))).toEqual(expected)
      }
    }
  })

  test('generated keys agree with each other', () => {
    const [a, b] = [random(32), random(32)]
    const [keyA, keyB] = [generatePrivateKey(a), generatePrivateKey(b)]
    expect(a).not.toEqual(b)
    const shared = written(32, (out) => x25519(out, keyA, b))
    expect(written(32, (out) => x25519(out, keyB, a))).toEqual(shared)
  })

  // RFC 7748 §6.1, and the points of small order with their non-canonical encodings (https://cr.yp.to/ecdh.html#validate).
  test.each([
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000000',
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ])('the low-order point %s is refused, and the key still works', (point) => {
    const { key } = pairOf(random(32))
    const low = Buffer.from(point, 'hex')
    expect(written(32, (out) => expect(x25519(out, key, low)).toBe(false))).toEqual(Buffer.alloc(32))
    expect(x25519(random(32), key, random(32))).toBe(true)
  })

  test('generators that were seeded anew make keys that differ, and go on making them', () => {
    const publics = Array.from({ length: 20 }, (_, i) => {
      if (i % 2 === 0) reseedRandom()
      const publicKey = random(32)
      generatePrivateKey(publicKey)
      return publicKey.toString('hex')
    })
    expect(new Set(publics).size).toBe(publics.length)
  })

  test('a wiped key is refused, before its first use and after', () => {
    const { key } = pairOf(random(32))
    wipePrivateKey(key)
    wipePrivateKey(key)
    expect(() => x25519(random(32), key, random(32))).toThrow('The private key was wiped')
    const used = generatePrivateKey(random(32))
    x25519(random(32), used, random(32))
    wipePrivateKey(used)
    expect(() => x25519(random(32), used, random(32))).toThrow('The private key was wiped')
  })

  test('something else is not a private key', () => {
    for (const wrong of [undefined, 1, {}, random(32)])
      expect(() => x25519(random(32), wrong as never, random(32))).toThrow('Expected a private key handle')
  })
})

test('a wrong length is refused and named', () => {
  const some = random(32)
  const key = generatePrivateKey(random(32))
  for (const [call, message] of [
    [() => generatePrivateKey(random(31)), 'Expected a place for the public key of 32 bytes, found 31'],
    [() => importPrivateKey(random(33), some), 'Expected a private key of 32 bytes, found 33'],
    [() => importPrivateKey(some, random(0)), 'Expected a place for the public key of 32 bytes, found 0'],
    [() => x25519(random(16), key, some), 'Expected a place for the shared secret of 32 bytes, found 16'],
    [() => x25519(some, key, random(31)), 'Expected a public key of 32 bytes, found 31'],
    [() => hash(random(16), some), 'Expected a place for the hash of 32 bytes, found 16'],
    [() => kdf(random(31), some, some), 'Expected a key of 32 bytes, found 31'],
    [() => kdf(some, some, some, random(31)), 'Expected a place for the derived key of 32 bytes, found 31'],
    [() => mac(random(15), some, some), 'Expected a place for the MAC of 16 bytes, found 15'],
    [() => mac(random(16), random(31), some), 'Expected a MAC key of 16 or 32 bytes, found 31'],
    [() => seal(random(47), some, some, some), 'Expected a place for the sealed text of 48 bytes, found 47'],
    [() => seal(random(48), random(31), some, some), 'Expected a key of 32 bytes, found 31'],
    [() => open(some, some, some, some), 'Expected a place for the text of 16 bytes, found 32'],
    [() => open(random(0), some, random(15), some), 'Expected a sealed text of at least 16 bytes, found 15'],
    [() => hash(some, 'text' as never), 'Expected a Uint8Array'],
    [() => hash(some, new Uint16Array(4) as never), 'Expected a Uint8Array'],
  ] as const)
    expect(call).toThrow(message)
})

// AddressSanitizer keeps freed memory for a while, so memory use shows nothing there.
test.skipIf(process.env['WGQ_ADDON']?.includes('asan'))('keys that nobody holds are freed', async () => {
  setFlagsFromString('--expose-gc')
  const gc: () => void = runInNewContext('gc')
  const publicKey = Buffer.alloc(32)
  const out = Buffer.alloc(32)
  const churn = async (): Promise<number> => {
    for (let i = 0; i < 4_000; i++) x25519(out, generatePrivateKey(publicKey), publicKey)
    gc()
    await pause(1) // finalizers run in a separate turn
    gc()
    return process.memoryUsage.rss()
  }
  await churn()
  const before = await churn()
  for (let i = 0; i < 3; i++) await churn()
  // A key and its context take about 1.5 kB: 12,000 that stay would be 18 MB.
  expect((await churn()) - before).toBeLessThan(8e6)
})

describe('vectors of an independent implementation', () => {
  const hex = (text: string): Buffer => Buffer.from(text, 'hex')

  test.each(vectors.blake2s_unkeyed)('HASH $name', ({ data, out32 }) => {
    expect(written(32, (out) => hash(out, hex(data))).toString('hex')).toBe(out32)
  })

  test.each(vectors.blake2s_keyed16)('MAC of $data', ({ key, data, out16 }) => {
    expect(written(16, (out) => mac(out, hex(key), hex(data))).toString('hex')).toBe(out16)
  })

  test.each(vectors.kdf)('KDF of $input', ({ key, input, kdf3 }) => {
    const outputs = [Buffer.alloc(32), Buffer.alloc(32), Buffer.alloc(32)] as const
    // HMAC pads a shorter key with zeros (RFC 2104): the same key.
    kdf(Buffer.concat([hex(key), Buffer.alloc(32)]).subarray(0, 32), hex(input), ...outputs)
    expect(outputs.map((each) => each.toString('hex'))).toEqual(kdf3)
  })

  test.each(vectors.x25519)('DH of $private', (vector) => {
    expect(agree(keyPair(vector.private), hex(vector.public))?.toString('hex')).toBe(vector.shared)
  })

  test.each(vectors.low_order_points_base64)('low-order point %s gives nothing', (point: string) => {
    expect(agree(keyPair(randomBytes(32).toString('hex')), Buffer.from(point, 'base64'))).toBeUndefined()
  })
})
