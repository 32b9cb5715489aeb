// SPDX-License-Identifier: MIT
import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import noPsk from '../../../test/fixtures/protocol/handshake-nopsk.json' with { type: 'json' }
import psk from '../../../test/fixtures/protocol/handshake-psk.json' with { type: 'json' }
import { VectorHandshake } from './fixtures/vector-handshake.ts'
import {
  createInitiation,
  createResponse,
  openResponse,
  openStatic,
  openTimestamp,
} from './noise-handshake.ts'
import { generatePrivateKey, importPrivateKey, x25519 } from './noise-primitives.ts'
import { callLeavesOnStack } from './testing.ts'

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex')
const altered = (message: Buffer, at: number): Buffer => {
  const copy = Buffer.from(message)
  copy[at] = (copy[at] as number) ^ 1
  return copy
}

/** Chaining key and transcript hash after the last step that names each. */
const transcriptOf = (steps: readonly object[]) => {
  const last = (name: string) => (steps as Record<string, string>[]).findLast((step) => name in step)?.[name]
  return `${last('ck')}${last('h')}`
}

for (const [name, vector] of [
  ['psk', psk],
  ['no psk', noPsk],
] as const) {
  describe(`handshake vector with ${name}`, () => {
    const keys = `${vector.transport_key_initiator_to_responder}${vector.transport_key_responder_to_initiator}`

    test('static keys and their DH', () => {
      const { initiator, responder, staticStatic } = new VectorHandshake(vector)
      expect(initiator.publicKey.toString('hex')).toBe(vector.initiator_static_public)
      expect(responder.publicKey.toString('hex')).toBe(vector.responder_static_public)
      expect(staticStatic.toString('hex')).toBe(vector.static_static_dh)
    })

    test('initiation: the message, and the transcript after it at both ends', () => {
      const handshake = new VectorHandshake(vector)
      expect(handshake.initiation.toString('hex')).toBe(vector.initiation_message)
      expect(handshake.transcript.toString('hex')).toBe(transcriptOf(vector.initiation_steps))
      const opened = handshake.opened(bytes(vector.initiation_message))
      expect(opened?.transcript).toEqual(handshake.transcript)
      expect(opened?.remoteStatic).toEqual(handshake.initiator.publicKey)
      expect(opened?.timestamp.toString('hex')).toBe(vector.tai64n_after_whitening)
    })

    test('response: the message, and the same keys at both ends', () => {
      const handshake = new VectorHandshake(vector)
      expect(handshake.respond()?.toString('hex')).toBe(keys)
      expect(handshake.response.toString('hex')).toBe(vector.response_message)
      expect(handshake.completed(bytes(vector.response_message))?.toString('hex')).toBe(keys)
    })

    test.each([8, 40, 88, 115])('an initiation with byte %i altered is refused', (at) => {
      const handshake = new VectorHandshake(vector)
      expect(handshake.opened(altered(handshake.initiation, at))).toBeUndefined()
    })

    test('a forged response, and another preshared key, leave the state good for the genuine one', () => {
      const handshake = new VectorHandshake(vector)
      const genuine = bytes(vector.response_message)
      expect(handshake.completed(altered(genuine, 44))).toBeUndefined()
      expect(handshake.completed(genuine, Buffer.alloc(32, 9))).toBeUndefined()
      expect(handshake.completed(genuine)?.toString('hex')).toBe(keys)
    })
  })
}

const key = () => Buffer.alloc(32, 5)
const own = generatePrivateKey(Buffer.alloc(32))
const [transcript, keys] = [Buffer.alloc(64), Buffer.alloc(64)]
const [initiation, response] = [Buffer.alloc(148), Buffer.alloc(92)]

const toCreate = {
  ...{ message: initiation, transcript, localStatic: key(), remoteStatic: key(), staticStatic: key() },
  ...{ ephemeral: own, timestamp: Buffer.alloc(12) },
}
const toIntroduce = {
  ...{ message: initiation, transcript, remoteStatic: key(), localStatic: own, localPublic: key() },
}
const toDate = { message: initiation, transcript, staticStatic: key(), timestamp: Buffer.alloc(12) }
const toAnswer = {
  ...{
    message: response,
    keys,
    transcript,
    remoteEphemeral: key(),
    remoteStatic: key(),
    presharedKey: key(),
    ephemeral: own,
  },
}
const toFinish = {
  message: response,
  keys,
  transcript,
  ephemeral: own,
  localStatic: own,
  presharedKey: key(),
}

test.each([
  ['an initiation to create', toCreate, (job: typeof toCreate) => createInitiation(job)],
  ['a sender to find', toIntroduce, (job: typeof toIntroduce) => openStatic(job)],
  ['a timestamp to open', toDate, (job: typeof toDate) => openTimestamp(job)],
  ['a response to create', toAnswer, (job: typeof toAnswer) => createResponse(job)],
  ['a response to open', toFinish, (job: typeof toFinish) => openResponse(job)],
] as const)('a part of %s with a wrong length or type is refused and named', (_, job, run) => {
  for (const [name, value] of Object.entries(job)) {
    const call = (part: unknown) => () => (run as (job: unknown) => unknown)({ ...job, [name]: part })
    if (!Buffer.isBuffer(value)) {
      for (const wrong of [1, {}, key()]) expect(call(wrong)).toThrow('Expected a private key handle')
      continue
    }
    for (const length of [0, value.length - 1, value.length + 1])
      expect(call(Buffer.alloc(length))).toThrow(`Expected ${name} of ${value.length} bytes, found ${length}`)
    for (const wrong of [undefined, 'text', new Uint16Array(value.length)])
      expect(call(wrong)).toThrow('Expected a Uint8Array')
  }
})

test('a low-order point gives no message', () => {
  const low = Buffer.alloc(32)
  const good = Buffer.alloc(32)
  generatePrivateKey(good)
  for (const remoteEphemeral of [good, low])
    for (const remoteStatic of [good, low])
      expect(createResponse({ ...toAnswer, remoteEphemeral, remoteStatic })).toBe(
        remoteEphemeral === good && remoteStatic === good,
      )
})

// A sanitizer keeps stack frames elsewhere.
test.skipIf(/[at]san/.test(process.env['WGQ_ADDON'] ?? ''))(
  'no secret of a handshake stays on the stack',
  () => {
    const publicKey = (): Buffer => {
      const made = Buffer.alloc(32)
      generatePrivateKey(made)
      return made
    }
    const other = publicKey()
    const job = { ...toAnswer, remoteEphemeral: publicKey(), remoteStatic: publicKey() }
    const [shared, scalar] = [Buffer.alloc(32), randomBytes(32)]
    for (const [name, act, secret] of [
      ['agreement', () => void x25519(shared, own, other), shared],
      ['import', () => void importPrivateKey(scalar, Buffer.alloc(32)), scalar],
      ['response', () => void createResponse(job), keys],
    ] as const)
      for (let at = 0; at < secret.length; at += 8)
        expect(callLeavesOnStack(act, secret.subarray(at, at + 8)), `${name} ${at}`).toBe(false)
  },
)
