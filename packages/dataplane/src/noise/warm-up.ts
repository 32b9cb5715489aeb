// SPDX-License-Identifier: MIT
import { dh, makeKeyPair } from './dh.ts'
import { createInitiation, createResponse, openInitiation, openResponse } from './handshake.ts'
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
  const opened = openInitiation(sent.message, b, () => secret)
  if (!opened) return false
  const answer = createResponse({
    state: opened.state,
    remoteStatic: opened.remoteStatic,
    presharedKey,
    ephemeral: makeKeyPair(),
    localIndex: 2,
  })
  if (!answer) return false
  addMacs(answer.message, mac1Key(a.publicKey), undefined)
  const done = openResponse(answer.message, { state: sent.state, localStatic: a, presharedKey })
  return done?.keys.fromResponder.equals(answer.keys.fromResponder) ?? false
}
