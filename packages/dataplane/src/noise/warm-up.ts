// SPDX-License-Identifier: MIT
import { dh, makeKeyPair } from './dh.ts'
import { createInitiation, createResponses, openResponses, openStatics, openTimestamp } from './handshake.ts'
import { addMacs, mac1Key } from './macs.ts'
import { tai64n } from './tai64n.ts'

/**
 * Runs a handshake between two throw-away identities in memory. The first one in a process takes several milliseconds,
 * because V8 and OpenSSL load and compile its code; after a warm-up, a user's first packet does not wait for
 * that. Returns whether both sides computed the same keys.
 */
export const warmUp = (): boolean => {
  const [a, b] = [makeKeyPair(), makeKeyPair()]
  const [secret, presharedKey] = [dh(a.privateKey, b.publicKey), Buffer.alloc(32)]
  if (!secret) return false
  const timestamp = tai64n(BigInt(Date.now()) * 1_000_000n)
  const sent = createInitiation({
    localStatic: a.publicKey,
    remoteStatic: b.publicKey,
    staticStatic: secret,
    ephemeral: makeKeyPair(),
    localIndex: 1,
    timestamp,
  })
  if (!sent) return false
  addMacs(sent.message, mac1Key(b.publicKey), undefined)
  const introduction = openStatics([sent.message], b)[0]
  const state = introduction && openTimestamp(sent.message, introduction, secret)
  if (!state) return false
  const { remoteStatic } = introduction
  const answer = createResponses([{ state, remoteStatic, presharedKey }])[0]
  if (!answer) return false
  addMacs(answer.message, mac1Key(a.publicKey), undefined)
  const done = openResponses([{ message: answer.message, state: sent.state, presharedKey }], a)[0]
  return done?.keys.fromResponder.equals(answer.keys.fromResponder) ?? false
}
