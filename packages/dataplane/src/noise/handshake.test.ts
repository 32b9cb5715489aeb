// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest'
import noPsk from '../../../../test/fixtures/protocol/handshake-nopsk.json' with { type: 'json' }
import psk from '../../../../test/fixtures/protocol/handshake-psk.json' with { type: 'json' }
import { dh, importKeyPair } from './dh.ts'
import {
  createInitiation,
  createResponse,
  forgetTranscript,
  openInitiation,
  openResponse,
  type Trace,
} from './handshake.ts'
import { addMacs, mac1Key } from './macs.ts'
import { initiation, response } from './messages.ts'
import { tai64n } from './tai64n.ts'

const bytes = (hex: string) => Buffer.from(hex, 'hex')

/** Collects `step → values` so that the order and every value can be compared with the vectors at once. */
const recorder = () => {
  const steps: Record<string, string>[] = []
  const trace: Trace = (step, values) => {
    const hex = Object.entries(values).map(([name, value]) => [name, Buffer.from(value).toString('hex')])
    steps.push({ step, ...Object.fromEntries(hex) })
  }
  return { steps, trace }
}

/** The vector's steps by their short names, without macs and split (checked in the messages and keys). */
const expected = (steps: readonly object[]) =>
  (steps as Record<string, string>[])
    .map((values): Record<string, string> => ({ ...values, step: values['step']?.split(':')[0] ?? '' }))
    .filter(({ step }) => step !== 'macs' && step !== 'split')

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
    const initiate = (trace?: Trace) => {
      const made = createInitiation(
        {
          localStatic: initiator.publicKey,
          remoteStatic: responder.publicKey,
          staticStatic,
          ephemeral: importKeyPair(bytes(vector.initiator_ephemeral_private)),
          localIndex: vector.sender_index_initiator,
          timestamp,
        },
        trace,
      )
      if (!made) throw new Error('no initiation')
      return made
    }
    const opened = (trace?: Trace) => {
      const got = openInitiation(
        bytes(vector.initiation_message),
        responder,
        (key) => (key.equals(initiator.publicKey) ? staticStatic : undefined),
        trace,
      )
      if (!got) throw new Error('initiation refused')
      return got
    }

    test('static keys and their DH', () => {
      expect(initiator.publicKey.toString('hex')).toBe(vector.initiator_static_public)
      expect(responder.publicKey.toString('hex')).toBe(vector.responder_static_public)
      expect(staticStatic.toString('hex')).toBe(vector.static_static_dh)
      expect(timestamp.toString('hex')).toBe(vector.tai64n_after_whitening)
    })

    test('initiation, every step and the message', () => {
      const { steps, trace } = recorder()
      const { message } = initiate(trace)
      addMacs(message, mac1Key(responder.publicKey), undefined)
      expect(steps).toMatchObject(expected(vector.initiation_steps))
      expect(message.toString('hex')).toBe(vector.initiation_message)
    })

    test('the responder goes through the same steps', () => {
      const { steps, trace } = recorder()
      const { remoteStatic, state } = opened(trace)
      expect(steps).toMatchObject(expected(vector.initiation_steps))
      expect(remoteStatic.equals(initiator.publicKey)).toBe(true)
      expect(state.timestamp.toString('hex')).toBe(vector.tai64n_after_whitening)
      expect(state.remoteIndex).toBe(vector.sender_index_initiator)
    })

    test('response, every step, the message and the transport keys', () => {
      const { steps, trace } = recorder()
      const made = createResponse(
        {
          state: opened().state,
          remoteStatic: initiator.publicKey,
          presharedKey,
          ephemeral: importKeyPair(bytes(vector.responder_ephemeral_private)),
          localIndex: vector.sender_index_responder,
        },
        trace,
      )
      addMacs(made?.message as Buffer, mac1Key(initiator.publicKey), undefined)
      expect(steps).toMatchObject(expected(vector.response_steps))
      expect(made?.message.toString('hex')).toBe(vector.response_message)
      expect(made?.keys.fromInitiator.toString('hex')).toBe(vector.transport_key_initiator_to_responder)
      expect(made?.keys.fromResponder.toString('hex')).toBe(vector.transport_key_responder_to_initiator)
    })

    test('the initiator opens the response to the same keys', () => {
      const { steps, trace } = recorder()
      const got = openResponse(
        bytes(vector.response_message),
        { state: initiate().state, localStatic: initiator, presharedKey },
        trace,
      )
      expect(steps).toMatchObject(expected(vector.response_steps))
      expect(got?.remoteIndex).toBe(vector.sender_index_responder)
      expect(got?.keys.fromInitiator.toString('hex')).toBe(vector.transport_key_initiator_to_responder)
      expect(got?.keys.fromResponder.toString('hex')).toBe(vector.transport_key_responder_to_initiator)
    })

    test.each([initiation.ephemeral, initiation.static, initiation.timestamp, initiation.mac1 - 1])(
      'an initiation with byte %i altered is refused',
      (at) => {
        const message = bytes(vector.initiation_message)
        message[at] = (message[at] as number) ^ 1
        expect(openInitiation(message, responder, () => staticStatic)).toBeUndefined()
      },
    )

    test('a forged response leaves the state good for the genuine one', () => {
      const { state } = initiate()
      const forged = bytes(vector.response_message)
      forged[response.empty] = (forged[response.empty] as number) ^ 1
      const input = { state, localStatic: initiator, presharedKey }
      expect(openResponse(forged, input)).toBeUndefined()
      expect(openResponse(bytes(vector.response_message), input)).toBeDefined()
      const other = { ...input, presharedKey: Buffer.alloc(32, 9) }
      expect(openResponse(bytes(vector.response_message), other)).toBeUndefined()
    })

    test('what was forgotten opens nothing any more', () => {
      const { state } = initiate()
      const [chainingKey, transcriptHash] = [Buffer.from(state.chainingKey), Buffer.from(state.hash)]
      forgetTranscript(state)
      expect([...state.chainingKey, ...state.hash].every((byte) => byte === 0)).toBe(true)
      const kept = { ...state, chainingKey, hash: transcriptHash }
      expect(() =>
        openResponse(bytes(vector.response_message), { state: kept, localStatic: initiator, presharedKey }),
      ).toThrow('The private key was wiped')
    })

    test('a stranger is refused before the timestamp is opened', () => {
      expect(openInitiation(bytes(vector.initiation_message), responder, () => undefined)).toBeUndefined()
    })
  })
}
