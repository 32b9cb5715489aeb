// SPDX-License-Identifier: MIT
// The protocol peer of these suites judges others, so it is judged first: by the known-answer vectors.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  initiate,
  keysOf,
  mac1Fits,
  mac2Fits,
  readCookie,
  readInitiation,
  type Session,
  writeMacs,
} from '../support/noise.ts'

const vector = (name: string) =>
  JSON.parse(readFileSync(new URL(`../fixtures/protocol/${name}.json`, import.meta.url), 'utf8'))
const hex = (text: string): Buffer => Buffer.from(text, 'hex')

describe.each(['handshake-psk', 'handshake-nopsk'])('%s', (name) => {
  const v = vector(name)
  const initiator = keysOf(hex(v.initiator_static_private))
  const responder = keysOf(hex(v.responder_static_private))
  const psk = v.preshared_key ? hex(v.preshared_key) : undefined
  const made = initiate(initiator, responder.publicKey, {
    timestamp: hex(v.tai64n_after_whitening),
    localIndex: v.sender_index_initiator,
    ephemeral: keysOf(hex(v.initiator_ephemeral_private)),
  })
  const answered = readInitiation(responder, made.message)?.respond({
    psk,
    localIndex: v.sender_index_responder,
    ephemeral: keysOf(hex(v.responder_ephemeral_private)),
  })

  it('makes the initiation and the response of the vector', () => {
    expect(made.message.toString('hex')).toBe(v.initiation_message)
    expect(answered?.message.toString('hex')).toBe(v.response_message)
  })

  it('agrees on transport keys', () => {
    const mine = made.finish(hex(v.response_message), psk) as Session
    const theirs = answered?.session as Session
    const packet = Buffer.from('a packet of twenty-two')
    expect(theirs.open(mine.seal(packet, { padTo: 1 }))?.plain).toEqual(packet)
    expect(mine.open(theirs.seal(packet))?.plain.subarray(0, 22)).toEqual(packet)
    expect(mine.seal(Buffer.alloc(0), { counter: 0n }).toString('hex')).toBe(v.transport[0].message)
  })

  it('refuses another preshared key', () => {
    expect(made.finish(hex(v.response_message), Buffer.alloc(32, 9))).toBeUndefined()
  })
})

describe('cookie', () => {
  const v = vector('cookie')
  const message = hex(v.received_initiation)
  const publicKey = hex(v.responder_static_public)
  for (const one of v.cases) {
    it(`opens the reply for ${one.source} and signs with it`, () => {
      const cookie = readCookie(hex(one.cookie_reply_message), publicKey, hex(one.mac1_aad))
      expect(cookie?.toString('hex')).toBe(one.cookie)
      const signed = writeMacs(Buffer.from(message), publicKey, cookie)
      expect(signed.toString('hex')).toBe(one.initiation_with_mac2)
      expect(mac1Fits(signed, publicKey)).toBe(true)
      expect(mac2Fits(signed, hex(one.cookie))).toBe(true)
      expect(mac2Fits(signed, Buffer.alloc(16))).toBe(false)
    })
  }

  it('does not open the reply to another message', () => {
    expect(readCookie(hex(v.cases[0].cookie_reply_message), publicKey, Buffer.alloc(16))).toBeUndefined()
  })
})
