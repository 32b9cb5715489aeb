// SPDX-License-Identifier: MIT
import { type Cidr, parseCidr } from '@wgq/model/cidr'
import { type Device, emptyPeer, type Peer } from '@wgq/model/device'
import { type Key, zeroKey } from '@wgq/model/key'
import { expect, test } from 'vitest'
import { changesForBoringtun } from './boringtun.ts'

const cidr = (text: string) => parseCidr(text) as Cidr
const [a, b] = ['a', 'b'] as unknown as [Key, Key]
const endpoint = { family: 4 as const, address: '192.0.2.1', port: 9 }
const peer: Peer = {
  ...emptyPeer(a),
  presharedKey: 's' as Key,
  endpoint,
  allowedIps: [cidr('10.1.0.0/16'), cidr('10.2.0.0/16')],
  keepaliveSeconds: 25,
}
const device: Device = { name: 'wg0', listenPort: 1, fwmark: 0, peers: [peer] }
const kept = { publicKey: a, presharedKey: 's', endpoint, keepaliveSeconds: 25, replaceAllowedIps: true }

test('a peer that changes is removed, then added with everything that it had', () => {
  const removal = { ...cidr('10.1.0.0/16'), remove: true }
  expect(
    changesForBoringtun(
      { fwmark: 7, peers: [{ publicKey: a, updateOnly: true, allowedIps: [removal] }] },
      device,
    ),
  ).toEqual([
    { fwmark: 7, peers: [{ publicKey: a, remove: true }] },
    { peers: [{ ...kept, allowedIps: [cidr('10.2.0.0/16')] }] },
  ])
})
test('a peer that stays as it is keeps its session, also where it is named twice', () => {
  const again = [30, 25].map((keepaliveSeconds) => ({ publicKey: a, updateOnly: true, keepaliveSeconds }))
  expect(changesForBoringtun({ listenPort: 5, peers: again }, device)).toEqual([{ listenPort: 5, peers: [] }])
})
test('a new peer is added in the one request, one that has to be there already is not', () => {
  const found = changesForBoringtun(
    { peers: [{ publicKey: b }, { publicKey: 'c' as Key, updateOnly: true }] },
    device,
  )
  expect(found).toEqual([{ peers: [{ publicKey: b, replaceAllowedIps: true, allowedIps: [] }] }])
})
test('where all peers are replaced nothing is kept, and values that are cleared are gone', () => {
  const cleared = { publicKey: a, presharedKey: zeroKey, keepaliveSeconds: 0 }
  expect(changesForBoringtun({ replacePeers: true, peers: [cleared] }, device)).toEqual([
    { replacePeers: true, peers: [{ publicKey: a, replaceAllowedIps: true, allowedIps: [] }] },
  ])
})
