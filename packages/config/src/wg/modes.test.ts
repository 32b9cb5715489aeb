// SPDX-License-Identifier: MIT
import { type Device, emptyPeer, type Peer } from '@wgq/model/device'
import { type Key, keyFromBytes, zeroKey } from '@wgq/model/key'
import { expect, test } from 'vitest'
import { replaceAll, synchronise } from './modes.ts'

const key = (byte: number): Key => keyFromBytes(Buffer.alloc(32, byte))
const peer = (publicKey: Key, change: Partial<Peer> = {}): Peer => ({
  ...emptyPeer(publicKey),
  ...change,
})
const running = (...peers: Peer[]): Device => ({ name: 'wg0', listenPort: 5, fwmark: 6, peers })

test('setconf clears what the file does not say', () => {
  expect(replaceAll({ peers: [] })).toEqual({
    privateKey: zeroKey,
    listenPort: 0,
    fwmark: 0,
    replacePeers: true,
    peers: [],
  })
  expect(replaceAll({ listenPort: 7, peers: [] }).listenPort).toBe(7)
})

test('syncconf removes what is gone, highest key first, before everything else (spec wg §10)', () => {
  const change = synchronise(
    { peers: [{ publicKey: key(2), replaceAllowedIps: true }] },
    running(peer(key(1)), peer(key(2)), peer(key(9)), peer(key(5))),
  )
  expect(change.replacePeers).toBe(false)
  expect(change.peers).toEqual([
    { publicKey: key(9), remove: true },
    { publicKey: key(5), remove: true },
    { publicKey: key(1), remove: true },
    { publicKey: key(2), replaceAllowedIps: true },
  ])
})

test('syncconf resets a preshared key and a keepalive that left the file, in the first entry of the peer', () => {
  const change = synchronise(
    { peers: [{ publicKey: key(2) }, { publicKey: key(2) }] },
    running(peer(key(2), { presharedKey: key(7), keepaliveSeconds: 25 })),
  )
  expect(change.peers).toEqual([
    { publicKey: key(2), presharedKey: zeroKey, keepaliveSeconds: 0 },
    { publicKey: key(2) },
  ])
})

test('syncconf leaves what the file sets', () => {
  const entry = { publicKey: key(2), presharedKey: key(8), keepaliveSeconds: 9 }
  const change = synchronise(
    { peers: [entry] },
    running(peer(key(2), { presharedKey: key(7), keepaliveSeconds: 25 })),
  )
  expect(change.peers).toEqual([entry])
})

test('syncconf without peers on either side replaces all', () => {
  expect(synchronise({ peers: [] }, running(peer(key(1)))).replacePeers).toBe(true)
  expect(synchronise({ peers: [{ publicKey: key(1) }] }, running()).replacePeers).toBe(true)
})
