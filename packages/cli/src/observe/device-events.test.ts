// SPDX-License-Identifier: MIT
import { type Device, emptyPeer, type Peer } from '@wgq/model/device'
import type { Key } from '@wgq/model/key'
import { describe, expect, test } from 'vitest'
import { deviceEvents } from './device-events.ts'

const key = (letter: string) => `${letter.repeat(42)}A=` as Key
const peer = (publicKey: Key, more: Partial<Peer> = {}): Peer => ({
  ...emptyPeer(publicKey),
  ...more,
})
const device = (...peers: Peer[]): Device => ({ name: 'wg0', listenPort: 0, fwmark: 0, peers })
const shaken = (seconds: number) => ({ lastHandshake: { seconds: BigInt(seconds), nanoseconds: 0 } })

describe('deviceEvents', () => {
  test('an interface that appears and disappears', () => {
    expect(deviceEvents(undefined, device(), 0, 1)).toEqual([{ event: 'up', interface: 'wg0' }])
    expect(deviceEvents(device(), undefined, 0, 1)).toEqual([{ event: 'down', interface: 'wg0' }])
    expect(deviceEvents(undefined, undefined, 0, 1)).toEqual([])
  })

  test('peers that come and go', () => {
    expect(deviceEvents(device(peer(key('a'))), device(peer(key('b'))), 0, 1)).toEqual([
      { event: 'peer-added', interface: 'wg0', peer: key('b') },
      { event: 'peer-removed', interface: 'wg0', peer: key('a') },
    ])
  })

  test('a handshake is reported once, and not on the first look', () => {
    const fresh = device(peer(key('a'), shaken(1000)))
    expect(deviceEvents(device(peer(key('a'))), fresh, 999, 1000)).toEqual([
      { event: 'handshake', interface: 'wg0', peer: key('a'), handshakeSeconds: 1000 },
    ])
    expect(deviceEvents(fresh, fresh, 1000, 1001)).toEqual([])
    expect(deviceEvents(undefined, fresh, 1000, 1001)).toEqual([{ event: 'up', interface: 'wg0' }])
  })

  test('a session that dies is stale exactly once, 180 s after its handshake', () => {
    const old = device(peer(key('a'), shaken(1000)))
    expect(deviceEvents(old, old, 1178, 1179)).toEqual([])
    expect(deviceEvents(old, old, 1179, 1180)).toEqual([
      { event: 'stale', interface: 'wg0', peer: key('a'), handshakeSeconds: 1000 },
    ])
    expect(deviceEvents(old, old, 1180, 1181)).toEqual([])
  })

  test('an endpoint that moves', () => {
    const at = (port: number) =>
      device(peer(key('a'), { endpoint: { family: 4, address: '192.0.2.1', port } }))
    expect(deviceEvents(at(1), at(2), 0, 1)).toEqual([
      { event: 'endpoint', interface: 'wg0', peer: key('a'), endpoint: '192.0.2.1:2' },
    ])
  })
})
