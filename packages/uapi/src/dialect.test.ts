// SPDX-License-Identifier: MIT
import type { Device, Peer } from '@wgq/model/device'
import type { Key } from '@wgq/model/key'
import { expect, test } from 'vitest'
import { asMeant } from './dialect.ts'

const nowMs = Date.UTC(2026, 10, 28)
const nowSeconds = BigInt(nowMs / 1000)
const peer = (seconds: bigint, nanoseconds = 0): Peer => ({
  publicKey: 'p' as Key,
  allowedIps: [],
  lastHandshake: { seconds, nanoseconds },
  rxBytes: 0n,
  txBytes: 0n,
  keepaliveSeconds: 0,
})
const device = (...peers: Peer[]): Device => ({ name: 'wg0', listenPort: 0, fwmark: 0, peers })
const handshakes = (told: Device, at = nowMs) =>
  asMeant(told, undefined, at).peers.map(({ lastHandshake }) => lastHandshake)

test('an age is a time before now, a time stays, never stays never', () => {
  expect(handshakes(device(peer(75n, 400_000_000), peer(nowSeconds - 9n, 5), peer(0n)))).toEqual([
    { seconds: nowSeconds - 75n, nanoseconds: 0 },
    { seconds: nowSeconds - 9n, nanoseconds: 5 },
    { seconds: 0n, nanoseconds: 0 },
  ])
})
test('an age below one second is now', () => {
  expect(handshakes(device(peer(0n, 300_000_000)))[0]?.seconds).toBe(nowSeconds)
})
test('a clock that was never set leaves everything as it is', () => {
  expect(handshakes(device(peer(75n)), 200_000)).toEqual([{ seconds: 75n, nanoseconds: 0 }])
})
test('the own public key counts where no private key is given', () => {
  const own = 'o' as Key
  expect(asMeant(device(), own, nowMs).publicKey).toBe(own)
  expect(asMeant({ ...device(), privateKey: 'k' as Key }, own, nowMs)).not.toHaveProperty('publicKey')
})
