// SPDX-License-Identifier: MIT
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  createInitiation,
  createResponses,
  openResponses,
  openStatics,
  openTimestamp,
} from './noise-handshake.ts'
import { generatePrivateKey, importPrivateKey, x25519 } from './noise-primitives.ts'
import { callLeavesOnStack } from './testing.ts'

// What the messages contain is tested against the protocol's vectors in packages/dataplane.

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
  ['a sender to find', toIntroduce, (job: typeof toIntroduce) => openStatics([toIntroduce, job])],
  ['a timestamp to open', toDate, (job: typeof toDate) => openTimestamp(job)],
  ['a response to create', toAnswer, (job: typeof toAnswer) => createResponses([toAnswer, job])],
  ['a response to open', toFinish, (job: typeof toFinish) => openResponses([toFinish, job])],
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

test('something else than a list of jobs is refused', () => {
  for (const wrong of [undefined, 1, {}, toFinish])
    expect(() => openResponses(wrong as never)).toThrow('An argument has the wrong type')
  expect(() => openResponses([undefined as never])).toThrow()
  expect(openResponses([])).toEqual([])
})

test('a low-order point gives no message, among many that do', () => {
  const low = Buffer.alloc(32)
  const good = (): Buffer => {
    const publicKey = Buffer.alloc(32)
    generatePrivateKey(publicKey)
    return publicKey
  }
  const jobs = Array.from({ length: 30 }, (_, i) => ({
    ...{ message: Buffer.alloc(92), keys: Buffer.alloc(64), transcript, presharedKey: key() },
    remoteEphemeral: i % 5 === 1 ? low : good(),
    remoteStatic: i % 7 === 2 ? low : good(),
  }))
  expect(createResponses(jobs)).toEqual(jobs.map((_, i) => i % 5 !== 1 && i % 7 !== 2))
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
    const jobs = [1, 2, 3].map(() => ({
      ...{ ...toAnswer, message: Buffer.alloc(92), keys: Buffer.alloc(64) },
      ...{ remoteEphemeral: publicKey(), remoteStatic: publicKey() },
    }))
    const [shared, scalar] = [Buffer.alloc(32), randomBytes(32)]
    for (const [name, act, secrets] of [
      ['agreement', () => void x25519(shared, own, other), [shared]],
      ['import', () => void importPrivateKey(scalar, Buffer.alloc(32)), [scalar]],
      ['one response', () => void createResponses(jobs.slice(0, 1)), [jobs[0]?.keys]],
      ['responses', () => void createResponses(jobs), jobs.map(({ keys }) => keys)],
    ] as const)
      for (const secret of secrets as Buffer[])
        for (let at = 0; at < secret.length; at += 8)
          expect(callLeavesOnStack(act, secret.subarray(at, at + 8)), `${name} ${at}`).toBe(false)
  },
)
