// SPDX-License-Identifier: MIT
// scripts/verify-prebuilt: checks keys, hashes, AEAD and both handshakes of the addon against vectors of an independent
// implementation, and AEAD at many lengths against node:crypto. Arguments: the words that start another Node, in which
// this file then runs again. Prints how many of each kind were equal.
import { deepEqual, equal, ok } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createCipheriv, randomBytes } from 'node:crypto'
import vectors from '../../packages/native/src/fixtures/primitives.json' with { type: 'json' }
import { agree, keyPair, VectorHandshake } from '../../packages/native/src/fixtures/vector-handshake.ts'
import { hash, kdf, mac, open, seal } from '../../packages/native/src/noise-primitives.ts'
import { x25519PublicKey } from '../../packages/native/src/system.ts'
import noPsk from '../../test/fixtures/protocol/handshake-nopsk.json' with { type: 'json' }
import psk from '../../test/fixtures/protocol/handshake-psk.json' with { type: 'json' }

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex')
const written = (length: number, write: (out: Buffer) => void): string => {
  const out = Buffer.alloc(length, 0xee)
  write(out)
  return out.toString('hex')
}
const check = (): string => {
  const counts = { keys: 0, hashes: 0, AEAD: 0, handshakes: 0 }

  for (const { private: own, public: other, shared } of vectors.x25519) {
    equal(agree(keyPair(own), bytes(other))?.toString('hex'), shared)
    counts.keys++
  }
  for (const point of vectors.low_order_points_base64) {
    equal(agree(keyPair(randomBytes(32).toString('hex')), Buffer.from(point, 'base64')), undefined)
    counts.keys++
  }
  for (const { data, out32 } of vectors.blake2s_unkeyed) {
    equal(
      written(32, (out) => hash(out, bytes(data))),
      out32,
    )
    counts.hashes++
  }
  for (const { key, data, out16 } of vectors.blake2s_keyed16) {
    equal(
      written(16, (out) => mac(out, bytes(key), bytes(data))),
      out16,
    )
    counts.hashes++
  }
  for (const { key, input, kdf3 } of vectors.kdf) {
    const outputs = [Buffer.alloc(32), Buffer.alloc(32), Buffer.alloc(32)] as const
    // HMAC pads a shorter key with zeros (RFC 2104): the same key.
    kdf(Buffer.concat([bytes(key), Buffer.alloc(32)]).subarray(0, 32), bytes(input), ...outputs)
    deepEqual(
      outputs.map((each) => each.toString('hex')),
      kdf3,
    )
    counts.hashes++
  }

  for (let length = 0; length < 300; length++) {
    const [key, text, aad] = [randomBytes(32), randomBytes(length), randomBytes(length % 40)]
    const cipher = createCipheriv('chacha20-poly1305', key, Buffer.alloc(12), { authTagLength: 16 })
    cipher.setAAD(aad, { plaintextLength: length })
    const expected = Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()])
    equal(
      written(length + 16, (out) => seal(out, key, text, aad)),
      expected.toString('hex'),
    )
    equal(
      written(length, (out) => ok(open(out, key, expected, aad))),
      text.toString('hex'),
    )
    expected[length] = (expected[length] as number) ^ 1
    written(length, (out) => equal(open(out, key, expected, aad), false))
    counts.AEAD++
  }

  for (const vector of [psk, noPsk]) {
    for (const [secret, publicKey] of [
      [vector.initiator_static_private, vector.initiator_static_public],
      [vector.responder_static_private, vector.responder_static_public],
      [vector.initiator_ephemeral_private, vector.initiator_ephemeral_public],
      [vector.responder_ephemeral_private, vector.responder_ephemeral_public],
    ] as const) {
      equal(x25519PublicKey(bytes(secret)).toString('hex'), publicKey)
      counts.keys++
    }
    const handshake = new VectorHandshake(vector)
    const answered = handshake.respond()
    equal(handshake.initiation.toString('hex'), vector.initiation_message)
    equal(handshake.response.toString('hex'), vector.response_message)
    const keys = `${vector.transport_key_initiator_to_responder}${vector.transport_key_responder_to_initiator}`
    for (const found of [answered, handshake.completed()]) equal(found?.toString('hex'), keys)
    counts.handshakes++
  }

  return Object.entries(counts)
    .map(([what, count]) => `${count} ${what}`)
    .join(', ')
}

const [program, ...words] = process.argv.slice(2)
if (program === undefined) console.log(`vectors: ${check()}`)
else {
  const done = spawnSync(program, [...words, process.argv[1] as string], { stdio: 'inherit' })
  process.exitCode = done.status ?? 1
}
