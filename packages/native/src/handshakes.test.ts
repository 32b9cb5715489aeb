// SPDX-License-Identifier: MIT
import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import cookieVector from '../../../test/fixtures/protocol/cookie.json' with { type: 'json' }
import psk from '../../../test/fixtures/protocol/handshake-psk.json' with { type: 'json' }
import { warmUpHandshakes } from './engine.ts'
import { endpoint } from './fixtures/packets.ts'
import primitives from './fixtures/primitives.json' with { type: 'json' }
import {
  callLeavesOnStack,
  createHandshakeAdmission,
  createHandshakeTable,
  type HandshakeTable,
  refuseRandom,
} from './testing.ts'

// What a session is made from is compared with an independent implementation in test/netns/protocol-handshake.test.ts,
// when a handshake begins and what follows from it in packages/dataplane.

afterEach(() => refuseRandom(false))

const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const from = endpoint([192, 0, 2, 1], 5)
const second = 1_000_000_000n

/** TAI64N of a number of seconds. */
const stamp = (seconds: number): Buffer => {
  const made = Buffer.alloc(12)
  made.writeBigUInt64BE(0x400000000000000an + BigInt(seconds))
  return made
}

/** A new identity; `peers` get the numbers 1, 2, 3 … */
const table = (...peers: Buffer[]): { handshakes: HandshakeTable; publicKey: Buffer } => {
  const handshakes = createHandshakeTable()
  const publicKey = handshakes.setIdentity(randomBytes(32)) as Buffer
  for (const [i, key] of peers.entries()) handshakes.addPeer(i + 1, key)
  return { handshakes, publicKey }
}

/** Two that know each other as peer 1. */
const pair = (presharedKey?: Buffer) => {
  const [a, b] = [table(), table()]
  a.handshakes.addPeer(1, b.publicKey)
  b.handshakes.addPeer(1, a.publicKey)
  if (presharedKey) for (const { handshakes } of [a, b]) handshakes.setPresharedKey(1, presharedKey)
  return { a: a.handshakes, b: b.handshakes, keys: [a.publicKey, b.publicKey] as const }
}

let clock = 1000n * second
/** Receives messages, each of which arrives 25 ms after the one before. */
const receive = (to: HandshakeTable, ...messages: (Buffer | undefined)[]) => {
  const arrived = messages.map((message = Buffer.alloc(0)) => {
    clock += 25_000_000n
    return { message, from, arrived: clock }
  })
  return to.receive(arrived, clock)
}
const initiate = (who: HandshakeTable, seconds = 1, peer = 1): Buffer => {
  const made = who.initiate(peer, stamp(seconds), clock)
  if (!made) throw new Error('no initiation')
  return made.message
}
const outcomes = (all: readonly { outcome: string }[]): string[] => all.map(({ outcome }) => outcome)
const altered = (message: Buffer, at: number): Buffer => {
  const copy = Buffer.from(message)
  copy[at] = (copy[at] as number) ^ 1
  return copy
}

describe('a handshake', () => {
  test.each([undefined, randomBytes(32)])('makes the same keys at both ends (%#)', (presharedKey) => {
    const { a, b } = pair(presharedKey)
    const [answered] = receive(b, initiate(a, 1234))
    expect(answered).toMatchObject({ outcome: 'answered', peer: 1, unixSeconds: 1234 })
    const [completed] = receive(a, answered?.response)
    expect(completed).toMatchObject({
      outcome: 'completed',
      peer: 1,
      localIndex: answered?.remoteIndex,
      remoteIndex: answered?.localIndex,
    })
    expect(completed?.keys).toEqual(answered?.keys)
    expect(completed?.keys.equals(Buffer.alloc(64))).toBe(false)
    expect([a.indices(), b.indices()]).toEqual([1, 1])
    a.release(completed?.localIndex ?? 0)
    expect(a.indices()).toBe(0)
  })

  test('with another preshared key is refused at its end, and stays open for the genuine response', () => {
    const { a, b } = pair(randomBytes(32))
    const initiation = initiate(a)
    const genuine = receive(b, initiation)[0]?.response
    b.setPresharedKey(1, undefined)
    const [other] = receive(b, initiate(a, 2))
    expect(outcomes(receive(a, other?.response))).toEqual(['invalidResponse'])
    expect(a.isInitiating(1)).toBe(true)
    // The first initiation was replaced: its response is for nobody.
    expect(outcomes(receive(a, genuine))).toEqual(['ignored'])
  })

  test('the vector of an independent implementation is answered', () => {
    const handshakes = createHandshakeTable()
    expect(handshakes.setIdentity(hex(psk.responder_static_private))?.toString('hex')).toBe(
      psk.responder_static_public,
    )
    handshakes.addPeer(1, hex(psk.initiator_static_public))
    expect(receive(handshakes, hex(psk.initiation_message))).toMatchObject([
      { outcome: 'answered', unixSeconds: psk.unix_seconds, remoteIndex: psk.sender_index_initiator },
    ])
  })

  test('tells ephemeral keys only if asked', () => {
    const { a, b } = pair()
    const made = a.initiate(1, stamp(1), clock)
    expect(made?.ephemeral).toBeUndefined()
    expect(receive(b, made?.message)[0]?.ephemeral).toBeUndefined()
    for (const handshakes of [a, b]) handshakes.revealEphemerals(true)
    const told = a.initiate(1, stamp(2), clock)
    const answered = receive(b, told?.message)[0]
    for (const key of [told?.ephemeral, answered?.ephemeral]) expect(key).toHaveLength(32)
    expect(told?.ephemeral?.equals(answered?.ephemeral as Buffer)).toBe(false)
  })
})

describe('an initiation', () => {
  test('is answered once; an older one, the same again and one too soon are refused', () => {
    const { a, b } = pair()
    const [first, next, third] = [initiate(a, 1), initiate(a, 100), initiate(a, 101)]
    expect(outcomes(receive(b, first, first, next))).toEqual(['answered', 'replayed', 'answered'])
    expect(receive(b, first)).toMatchObject([{ outcome: 'replayed', secondsBehind: 99 }])
    clock -= 10_000_000n
    const at = clock + 25_000_000n - 6_000_000n
    expect(outcomes(b.receive([{ message: third, from, arrived: at }], at))).toEqual(['answered'])
    const soon = at + 19_999_999n
    const fourth = initiate(a, 102)
    expect(outcomes(b.receive([{ message: fourth, from, arrived: soon }], soon))).toEqual(['tooFast'])
    expect(outcomes(b.receive([{ message: fourth, from, arrived: soon + 1n }], soon))).toEqual(['answered'])
  })

  test('with a time that is no date is answered once, and says how far it is ahead and behind', () => {
    const { a, b } = pair()
    const [made] = [a.initiate(1, Buffer.alloc(12, 0xff), clock)]
    expect(receive(b, made?.message)).toMatchObject([
      { outcome: 'answered', unixSeconds: Number(0xffffffffffffffffn - 0x400000000000000an) },
    ])
    expect(receive(b, initiate(a))).toMatchObject([
      { outcome: 'replayed', secondsBehind: Number(0xffffffffffffffffn - 0x400000000000000bn) },
    ])
    const { a: c, b: d } = pair()
    const early = c.initiate(1, Buffer.alloc(12, 1), clock)
    expect(receive(d, early?.message)).toMatchObject([{ outcome: 'answered', unixSeconds: 0 }])
  })

  test('of a stranger, for another key, or altered anywhere is refused', () => {
    const { a, b, keys } = pair()
    const stranger = table(keys[1])
    const initiation = initiate(a)
    expect(outcomes(receive(b, initiate(stranger.handshakes)))).toEqual(['invalidInitiation'])
    for (const at of [8, 39, 40, 87, 88, 115])
      expect(outcomes(receive(b, altered(initiation, at))), `${at}`).toEqual(['invalidInitiation'])
    expect(b.indices()).toBe(0)
    expect(outcomes(receive(b, initiation))).toEqual(['answered'])
    b.setIdentity(randomBytes(32))
    expect(outcomes(receive(b, initiate(a, 2)))).toEqual(['invalidInitiation'])
    b.setIdentity(undefined)
    expect(receive(b, initiate(a, 3))).toEqual([])
  })

  test('of a removed peer is refused; added again, it starts anew', () => {
    const { a, b, keys } = pair()
    const initiation = initiate(a)
    receive(b, initiation)
    b.removePeer(1)
    expect(outcomes(receive(b, initiate(a, 2)))).toEqual(['invalidInitiation'])
    b.addPeer(2, keys[0])
    expect(receive(b, initiation)).toMatchObject([{ outcome: 'answered', peer: 2 }])
    expect(() => b.addPeer(3, keys[0])).toThrow('A peer has this public key')
    expect(() => b.setPresharedKey(1, undefined)).toThrow('No peer has this number')
  })

  test('that crosses ours ends it only at the side with the lesser key', () => {
    for (let round = 0; round < 8; round++) {
      const { a, b, keys } = pair()
      const [ofA, ofB] = [initiate(a), initiate(b)]
      const [byA, byB] = [receive(a, ofB)[0]?.response, receive(b, ofA)[0]?.response]
      const aIsLess = keys[0].compare(keys[1]) < 0
      expect([a.isInitiating(1), b.isInitiating(1)]).toEqual([!aIsLess, aIsLess])
      expect([outcomes(receive(a, byB)), outcomes(receive(b, byA))]).toEqual([
        [aIsLess ? 'ignored' : 'completed'],
        [aIsLess ? 'completed' : 'ignored'],
      ])
    }
  })

  test.each(primitives.low_order_points_base64)(
    'is not made for a peer of low order, %s',
    (point: string) => {
      const { handshakes } = table(Buffer.from(point, 'base64'))
      handshakes.prepare(1)
      expect(handshakes.initiate(1, stamp(1), clock)).toBeUndefined()
      expect([handshakes.isInitiating(1), handshakes.indices()]).toEqual([false, 0])
    },
  )

  test('that is forgotten, by itself or with the identity, opens no response', () => {
    for (const forget of [
      (who: HandshakeTable) => who.forgetInitiation(1),
      (who: HandshakeTable) => void who.setIdentity(randomBytes(32)),
    ]) {
      const { a, b } = pair()
      const [answered] = receive(b, initiate(a))
      forget(a)
      expect([a.isInitiating(1), a.indices()]).toEqual([false, 0])
      expect(outcomes(receive(a, answered?.response))).toEqual(['ignored'])
    }
  })
})

describe('a cookie', () => {
  const reply = (to: HandshakeTable, of: HandshakeTable, message: Buffer): Buffer => {
    const { mac1Key, cookieKey } = of.admissionKeys() as { mac1Key: Buffer; cookieKey: Buffer }
    const admission = createHandshakeAdmission(mac1Key, cookieKey)
    expect(to).not.toBe(of)
    return Buffer.from(admission.reply(message, from, clock, randomBytes(24)))
  }
  const hasMac2 = (message: Buffer): boolean => message.subarray(-16).some((byte) => byte !== 0)

  test('is taken once for each message, and used for 115 s', () => {
    const { a, b } = pair()
    const sent = initiate(a)
    const answer = reply(a, b, sent)
    for (const at of [8, 31, 32, 47, 48, 63])
      expect(outcomes(receive(a, altered(answer, at))), `${at}`).toEqual(['invalidCookie'])
    expect(hasMac2(initiate(a, 2))).toBe(false)
    const later = reply(a, b, initiate(a, 3))
    // It answers an initiation that was replaced.
    expect(outcomes(receive(a, reply(a, b, sent)))).toEqual(['ignored'])
    expect(outcomes(receive(a, later, later))).toEqual(['cookieReceived', 'ignored'])
    const born = clock
    for (const [age, isUsed] of [
      [0n, true],
      [115n * second - 1n, true],
      [115n * second, false],
    ] as const)
      expect(hasMac2(a.initiate(1, stamp(4), born + age)?.message as Buffer), `${age}`).toBe(isUsed)
  })

  test('is that of the vector', () => {
    const handshakes = createHandshakeTable()
    handshakes.setIdentity(hex(psk.responder_static_private))
    const keys = handshakes.admissionKeys()
    expect(keys?.mac1Key.toString('hex')).toBe(cookieVector.mac1_key)
    expect(keys?.cookieKey.toString('hex')).toBe(cookieVector.cookie_encryption_key)
  })

  test('answers a response too', () => {
    const { a, b } = pair()
    const [answered] = receive(b, initiate(a))
    expect(outcomes(receive(b, reply(b, a, answered?.response as Buffer)))).toEqual(['cookieReceived'])
    expect(hasMac2(receive(b, initiate(a, 2))[0]?.response as Buffer)).toBe(true)
  })
})

test('the handshake that is made in advance makes the same keys at both ends, and nothing without random bytes', () => {
  expect(warmUpHandshakes()).toBe(true)
  refuseRandom(true)
  expect(warmUpHandshakes()).toBe(false)
})

describe('many messages of one call', () => {
  test('go to their own results, beside forged ones', () => {
    const us = table()
    const others = Array.from({ length: 40 }, () => table(us.publicKey))
    for (const [i, { publicKey }] of others.entries()) us.handshakes.addPeer(i + 1, publicKey)
    const isForged = (i: number) => i % 7 === 3
    const messages = others.map(({ handshakes }, i) => {
      const message = initiate(handshakes)
      return isForged(i) ? altered(message, 40) : message
    })
    const answers = receive(us.handshakes, ...messages)
    expect(outcomes(answers)).toEqual(others.map((_, i) => (isForged(i) ? 'invalidInitiation' : 'answered')))
    expect(new Set(answers.map(({ response }) => response.toString('hex', 12, 44))).size).toBe(35)
    for (const [i, answer] of answers.entries()) {
      if (isForged(i)) continue
      expect(answer.peer).toBe(i + 1)
      const [completed] = receive(others[i]?.handshakes as HandshakeTable, answer.response)
      expect(completed?.keys).toEqual(answer.keys)
    }
    // The other direction: responses, with a forged one and a repeated one among them.
    const own = others.map((_, i) => initiate(us.handshakes, 5, i + 1))
    const responses = own.map((message, i) => receive(others[i]?.handshakes as HandshakeTable, message)[0])
    const all = responses.map((one, i) =>
      isForged(i) ? altered(one?.response as Buffer, 44) : one?.response,
    )
    const ends = receive(us.handshakes, ...all, all[0])
    const expected = others.map((_, i) => (isForged(i) ? 'invalidResponse' : 'completed'))
    expect(outcomes(ends)).toEqual([...expected, 'ignored'])
    for (const [i, end] of ends.slice(0, -1).entries())
      if (!isForged(i)) expect(end.keys).toEqual(responses[i]?.keys)
  })

  test('one that fails inside costs the others nothing', () => {
    const { a, b, keys } = pair()
    const c = table(keys[1])
    b.addPeer(2, c.publicKey)
    const response = receive(c.handshakes, initiate(b, 1, 2))[0]?.response
    refuseRandom(true)
    const results = receive(b, initiation(a), response)
    refuseRandom(false)
    expect(results).toMatchObject([
      { outcome: 'failed', reason: expect.stringContaining('OpenSSL refused') },
      { outcome: 'completed', peer: 2 },
    ])
    expect(b.indices()).toBe(1)
  })
  /** Made while random bytes are refused to the other side only. */
  const initiation = (who: HandshakeTable): Buffer => {
    refuseRandom(false)
    const made = initiate(who)
    refuseRandom(true)
    return made
  }

  test('of other types and lengths do nothing', () => {
    const { b } = pair()
    for (const type of [0, 4, 5, 255])
      for (const length of [0, 8, 64, 92, 148]) {
        const message = Buffer.alloc(length)
        if (length > 0) message[0] = type
        expect(outcomes(receive(b, message))).toEqual(['ignored'])
      }
  })
})

// A sanitizer keeps stack frames elsewhere.
test.skipIf(/[at]san/.test(process.env['WGQ_ADDON'] ?? ''))(
  'no secret of a handshake stays on the stack',
  () => {
    const [scalar, keys, ephemeral] = [randomBytes(32), Buffer.alloc(64), Buffer.alloc(32)]
    const { a, b } = pair()
    for (const one of [a, b]) one.revealEphemerals(true)
    let seconds = 1
    const initiation = (): void => void a.initiate(1, stamp(seconds++), clock)?.ephemeral?.copy(ephemeral)
    const answer = () => receive(b, initiate(a, seconds++))[0]
    const secrets = [
      ['identity', () => void createHandshakeTable().setIdentity(scalar), scalar],
      ['ephemeral key of an initiation', initiation, ephemeral],
      ['ephemeral key of an answer', () => void answer()?.ephemeral?.copy(ephemeral), ephemeral],
      ['session', () => void answer()?.keys.copy(keys), keys],
    ] as const
    for (const [name, act, secret] of secrets)
      for (let at = 0; at < secret.length; at += 8)
        expect(callLeavesOnStack(act, secret.subarray(at, at + 8)), `${name} ${at}`).toBe(false)
  },
)
