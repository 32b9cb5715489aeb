// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest'
import noPsk from '../../../../test/fixtures/protocol/handshake-nopsk.json' with { type: 'json' }
import psk from '../../../../test/fixtures/protocol/handshake-psk.json' with { type: 'json' }
import { dh, importKeyPair, makeKeyPair } from './dh.ts'
import {
  type Answer,
  createInitiation,
  createResponses,
  forgetTranscript,
  openResponses,
  openStatics,
  openTimestamp,
} from './handshake.ts'
import { addMacs, mac1Key } from './macs.ts'
import { initiation, response } from './messages.ts'
import { tai64n } from './tai64n.ts'

const bytes = (hex: string) => Buffer.from(hex, 'hex')
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
    const initiator = importKeyPair(bytes(vector.initiator_static_private))
    const responder = importKeyPair(bytes(vector.responder_static_private))
    const staticStatic = dh(initiator.privateKey, responder.publicKey) as Buffer
    const timestamp = tai64n(BigInt(vector.unix_seconds) * 1_000_000_000n + 987_654_321n)
    const presharedKey = bytes(vector.preshared_key)
    const genuineInitiation = bytes(vector.initiation_message)
    const genuineResponse = bytes(vector.response_message)
    const initiate = () => {
      const made = createInitiation({
        localStatic: initiator.publicKey,
        remoteStatic: responder.publicKey,
        staticStatic,
        ephemeral: importKeyPair(bytes(vector.initiator_ephemeral_private)),
        localIndex: vector.sender_index_initiator,
        timestamp,
      })
      if (!made) throw new Error('no initiation')
      return made
    }
    const open = (message: Buffer) => {
      const introduction = openStatics([message], responder)[0]
      const state = introduction && openTimestamp(message, introduction, staticStatic)
      return state && { remoteStatic: introduction.remoteStatic, state }
    }
    const opened = () => {
      const got = open(genuineInitiation)
      if (!got) throw new Error('initiation refused')
      return got
    }
    const openOne = (message: Buffer, state = initiate().state, key = presharedKey) =>
      openResponses([{ message, state, presharedKey: key }], initiator)[0]

    test('static keys and their DH', () => {
      expect(initiator.publicKey.toString('hex')).toBe(vector.initiator_static_public)
      expect(responder.publicKey.toString('hex')).toBe(vector.responder_static_public)
      expect(staticStatic.toString('hex')).toBe(vector.static_static_dh)
      expect(timestamp.toString('hex')).toBe(vector.tai64n_after_whitening)
    })

    test('initiation: the message, and the transcript after it', () => {
      const { message, state } = initiate()
      addMacs(message, mac1Key(responder.publicKey), undefined)
      expect(message.toString('hex')).toBe(vector.initiation_message)
      expect(state.transcript.toString('hex')).toBe(transcriptOf(vector.initiation_steps))
    })

    test('the responder comes to the same transcript', () => {
      const { remoteStatic, state } = opened()
      expect(state.transcript.toString('hex')).toBe(transcriptOf(vector.initiation_steps))
      expect(remoteStatic.equals(initiator.publicKey)).toBe(true)
      expect(state.timestamp.toString('hex')).toBe(vector.tai64n_after_whitening)
      expect(state.remoteIndex).toBe(vector.sender_index_initiator)
    })

    test('response: the message and the transport keys', () => {
      const ephemeral = importKeyPair(bytes(vector.responder_ephemeral_private))
      const { remoteStatic, state } = opened()
      const made = createResponses([{ state, remoteStatic, presharedKey, ephemeral }])[0]
      made?.message.writeUInt32LE(vector.sender_index_responder, response.sender)
      addMacs(made?.message as Buffer, mac1Key(initiator.publicKey), undefined)
      expect(made?.message.toString('hex')).toBe(vector.response_message)
      expect(made?.keys.fromInitiator.toString('hex')).toBe(vector.transport_key_initiator_to_responder)
      expect(made?.keys.fromResponder.toString('hex')).toBe(vector.transport_key_responder_to_initiator)
    })

    test('the initiator opens the response to the same keys', () => {
      const got = openOne(genuineResponse)
      expect(got?.remoteIndex).toBe(vector.sender_index_responder)
      expect(got?.keys.fromInitiator.toString('hex')).toBe(vector.transport_key_initiator_to_responder)
      expect(got?.keys.fromResponder.toString('hex')).toBe(vector.transport_key_responder_to_initiator)
    })

    test.each([initiation.ephemeral, initiation.static, initiation.timestamp, initiation.mac1 - 1])(
      'an initiation with byte %i altered is refused',
      (at) => {
        expect(open(altered(genuineInitiation, at))).toBeUndefined()
      },
    )

    test('a forged response leaves the state good for the genuine one', () => {
      const { state } = initiate()
      expect(openOne(altered(genuineResponse, response.empty), state)).toBeUndefined()
      expect(openOne(genuineResponse, state)).toBeDefined()
      expect(openOne(genuineResponse, state, Buffer.alloc(32, 9))).toBeUndefined()
    })

    test('what was forgotten opens nothing any more', () => {
      const { state } = initiate()
      const transcript = Buffer.from(state.transcript)
      forgetTranscript(state)
      expect(state.transcript.equals(Buffer.alloc(64))).toBe(true)
      expect(() => openOne(genuineResponse, { ...state, transcript })).toThrow('The private key was wiped')
    })

    test('a wrong DH of the static keys opens no timestamp, and wipes the transcript', () => {
      const introduction = openStatics([genuineInitiation], responder)[0]
      if (!introduction) throw new Error('initiation refused')
      expect(openTimestamp(genuineInitiation, introduction, Buffer.alloc(32, 9))).toBeUndefined()
      expect(introduction.transcript.equals(Buffer.alloc(64))).toBe(true)
    })
  })
}

describe('many messages at once', () => {
  const us = makeKeyPair()
  const presharedKey = Buffer.alloc(32, 3)
  const many = Array.from({ length: 40 }, (_, i) => {
    const own = makeKeyPair()
    const made = createInitiation({
      localStatic: own.publicKey,
      remoteStatic: us.publicKey,
      staticStatic: dh(own.privateKey, us.publicKey) as Buffer,
      ephemeral: makeKeyPair(),
      localIndex: i,
      timestamp: tai64n(BigInt(i) * 1_000_000_000n),
    })
    if (!made) throw new Error('no initiation')
    return { own, ...made }
  })
  const isForged = (i: number) => i % 7 === 3

  test('each goes to its own result, beside forged ones', () => {
    const messages = many.map(({ message }, i) =>
      isForged(i) ? altered(message, initiation.static) : message,
    )
    const introductions = openStatics(messages, us)
    const answers = introductions.map((introduction, i): Answer | undefined => {
      if (!introduction) return undefined
      expect(introduction.remoteStatic).toEqual(many[i]?.own.publicKey)
      const staticStatic = dh(us.privateKey, introduction.remoteStatic) as Buffer
      const state = openTimestamp(messages[i] as Buffer, introduction, staticStatic)
      expect(state?.remoteIndex).toBe(i)
      return state && { state, remoteStatic: introduction.remoteStatic, presharedKey }
    })
    expect(answers.map((answer) => answer === undefined)).toEqual(many.map((_, i) => isForged(i)))
    const made = createResponses(answers.filter((answer) => answer !== undefined))
    const ephemerals = new Set(
      made.map((one) => one?.message.toString('hex', response.ephemeral, response.empty)),
    )
    expect(ephemerals.size).toBe(made.length)
    for (const one of made) {
      const from = many[one?.message.readUInt32LE(response.receiver) ?? -1]
      if (!one || !from) throw new Error('no response')
      const got = openResponses([{ message: one.message, state: from.state, presharedKey }], from.own)[0]
      expect(got?.keys).toEqual(one.keys)
    }
  })

  test('responses too, several for one ephemeral key', () => {
    const [first] = many
    if (!first) throw new Error('no initiation')
    const messages = Array.from({ length: 20 }, () => {
      const introduction = openStatics([first.message], us)[0]
      const secret = dh(us.privateKey, first.own.publicKey) as Buffer
      const state = introduction && openTimestamp(first.message, introduction, secret)
      if (!state) throw new Error('initiation refused')
      return createResponses([{ state, remoteStatic: first.own.publicKey, presharedKey }])[0]
    })
    const opened = openResponses(
      messages.map((made) => ({ message: made?.message as Buffer, state: first.state, presharedKey })),
      first.own,
    )
    expect(opened.map((one) => one?.keys)).toEqual(messages.map((made) => made?.keys))
  })

  test('a wiped key is named, whichever thread meets it', () => {
    const states = many
      .slice(0, 8)
      .map(({ state }) => ({ ...state, transcript: Buffer.from(state.transcript) }))
    const answers = states.map((state) => ({ message: Buffer.alloc(92, 9), state, presharedKey }))
    forgetTranscript({ transcript: Buffer.alloc(64), ephemeral: (states[5] as (typeof states)[0]).ephemeral })
    for (let i = 0; i < 20; i++) expect(() => openResponses(answers, us)).toThrow('The private key was wiped')
    expect(openResponses(answers.slice(0, 5), us)).toEqual(Array(5).fill(undefined))
  })
})
