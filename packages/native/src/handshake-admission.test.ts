// SPDX-License-Identifier: MIT
import { beforeEach, describe, expect, test } from 'vitest'
import vectors from '../../../test/fixtures/protocol/cookie.json' with { type: 'json' }
import { endpoint } from './fixtures/packets.ts'
import { createHandshakeAdmission, type HandshakeAdmission, refuseRandom } from './testing.ts'

const hex = (text: string) => Buffer.from(text, 'hex')
const initiation = hex(vectors.received_initiation)
const second = 1_000_000_000n
const now = 1000n * second

const cases = vectors.cases.map((c) => {
  const bytes = hex(c.source_bytes_addr_then_port_be)
  return { ...c, from: endpoint([...bytes.subarray(0, -2)], bytes.readUInt16BE(bytes.length - 2)) }
})
const [first, other] = cases
if (!first || !other) throw new Error('two cases are expected')

let admission: HandshakeAdmission
beforeEach(() => {
  admission = createHandshakeAdmission(hex(vectors.mac1_key), hex(vectors.cookie_encryption_key))
  admission.setSecret(hex(vectors.cookie_secret), now)
})

describe('form and mac1', () => {
  test('a genuine initiation is admitted', () => {
    expect(admission.judge(initiation, first.from, 0, now)).toBe('admit')
  })

  test.each([0, 1, 3, 31, 147, 149, 1500])('%i bytes are not a handshake message', (length) => {
    const message = Buffer.alloc(length)
    initiation.copy(message)
    expect(admission.judge(message, first.from, 0, now)).toBe('malformed')
  })

  test('reserved bytes must be zero, types must be known', () => {
    for (const at of [1, 2, 3]) {
      const message = Buffer.from(initiation)
      message[at] = 1
      expect(admission.judge(message, first.from, 0, now)).toBe('malformed')
    }
    const message = Buffer.from(initiation)
    message[0] = 4
    expect(admission.judge(message, first.from, 0, now)).toBe('malformed')
  })

  test('any flipped bit under mac1 or in it is refused', () => {
    for (let at = 4; at < 132; at++) {
      const message = Buffer.from(initiation)
      message[at] = (message[at] ?? 0) ^ 0x10
      expect(admission.judge(message, first.from, 0, now), String(at)).toBe('badMac1')
    }
  })

  test('a cookie reply passes by length alone', () => {
    const message = Buffer.alloc(64)
    message[0] = 3
    expect(admission.judge(message, first.from, 0, now)).toBe('admit')
    expect(admission.judge(message.subarray(0, 63), first.from, 0, now)).toBe('malformed')
  })

  test('cookie replies, which have no mac1, leave room for messages that have one', () => {
    const message = Buffer.alloc(64)
    message[0] = 3
    expect(admission.judge(message, first.from, 15, now)).toBe('admit')
    expect(admission.judge(message, first.from, 16, now)).toBe('rateLimited')
    // As many as are admitted are no load.
    expect(admission.judge(initiation, first.from, 16, now)).toBe('admit')
  })
})

describe('under load', () => {
  test('a message without a cookie is answered with one, for a second after the queue was long', () => {
    expect(admission.judge(initiation, first.from, 31, now)).toBe('admit')
    expect(admission.judge(initiation, first.from, 32, now)).toBe('answerCookie')
    expect(admission.judge(initiation, first.from, 0, now + second - 1n)).toBe('answerCookie')
    expect(admission.judge(initiation, first.from, 0, now + second)).toBe('admit')
  })

  test('a slow drain is load, a quick one is not', () => {
    admission.reportDrain(1, now)
    expect(admission.judge(initiation, first.from, 0, now)).toBe('admit')
    admission.reportDrain(30, now)
    expect(admission.judge(initiation, first.from, 0, now)).toBe('answerCookie')
  })

  test.each(cases)('the reply to $source is that of the vector', ({ from, cookie_reply_message }) => {
    const reply = admission.reply(initiation, from, now, hex(vectors.nonce24))
    expect(Buffer.from(reply).toString('hex')).toBe(cookie_reply_message)
  })

  test.each(cases)(
    'a mac2 of $source is admitted until its bucket is empty',
    ({ from, initiation_with_mac2 }) => {
      const message = hex(initiation_with_mac2)
      for (let i = 0; i < 5; i++) expect(admission.judge(message, from, 99, now)).toBe('admit')
      expect(admission.judge(message, from, 99, now)).toBe('rateLimited')
    },
  )

  test('a cookie holds for its address and port only', () => {
    const message = hex(first.initiation_with_mac2)
    expect(admission.judge(message, endpoint([192, 0, 2, 7], 12346), 99, now)).toBe('answerCookie')
    expect(admission.judge(message, endpoint([192, 0, 2, 8], 12345), 99, now)).toBe('answerCookie')
    expect(admission.judge(hex(other.initiation_with_mac2), first.from, 99, now)).toBe('answerCookie')
  })

  test('one sender is answered a hundred times a second, others beside it', () => {
    let answered = 0
    for (let i = 0n; i < 1_000n; i++)
      if (admission.judge(initiation, first.from, 99, now + i * 1_000_000n) === 'answerCookie') answered++
    expect(answered).toBe(100)
    expect(admission.judge(initiation, endpoint([192, 0, 2, 9], 9), 99, now + second)).toBe('answerCookie')
  })

  test('all senders together are answered ten thousand times a second', () => {
    let answered = 0
    for (let i = 0; i < 40_000; i++) {
      const from = endpoint([10, i & 255, (i >> 8) & 255, 1], i & 0xffff)
      if (admission.judge(initiation, from, 99, now + BigInt(i) * 25_000n) === 'answerCookie') answered++
    }
    expect(answered).toBeGreaterThan(9_000)
    expect(answered).toBeLessThanOrEqual(10_500)
  })

  test('the secret is replaced after 120 s', () => {
    const message = hex(first.initiation_with_mac2)
    expect(admission.judge(message, first.from, 99, now + 120n * second - 1n)).toBe('admit')
    expect(admission.judge(message, first.from, 99, now + 120n * second)).toBe('answerCookie')
  })
})

test('without random bytes no cookie is made of what is there instead, and none is recognised', () => {
  const later = now + 120n * second
  const nonce = hex(vectors.nonce24)
  refuseRandom(true)
  try {
    expect(() => admission.reply(initiation, first.from, later, nonce)).toThrow('OpenSSL refused')
    expect(admission.judge(hex(first.initiation_with_mac2), first.from, 99, later)).not.toBe('admit')
    expect(() =>
      createHandshakeAdmission(hex(vectors.mac1_key), hex(vectors.cookie_encryption_key)),
    ).toThrow()
  } finally {
    refuseRandom(false)
  }
  expect(admission.reply(initiation, first.from, later, nonce)).toHaveLength(64)
})
