// SPDX-License-Identifier: MIT
import { derivePublicKey } from '@wgq/keys/derive'
import { type Cidr, parseCidr } from '@wgq/model/cidr'
import { type Device, emptyPeer, type Peer, type PeerChange } from '@wgq/model/device'
import { type Key, zeroKey } from '@wgq/model/key'
import { describe, expect, test } from 'vitest'
import { diffDevice, isEmptyChange } from './device-difference.ts'

const key = (letter: string) => `${letter.repeat(42)}A=` as Key
const cidr = (text: string) => parseCidr(text) as Cidr
const endpoint = (port: number) => ({ family: 4, address: '192.0.2.1', port }) as const
const peer = (letter: string, allowed: string[], more: Partial<Peer> = {}): Peer => ({
  ...emptyPeer(key(letter)),
  allowedIps: allowed.map(cidr),
  ...more,
})
const want = (letter: string, allowed: string[], more: Partial<PeerChange> = {}): PeerChange => ({
  publicKey: key(letter),
  replaceAllowedIps: true,
  allowedIps: allowed.map(cidr),
  ...more,
})
const device = (...peers: Peer[]): Device => ({
  name: 'wg0',
  privateKey: key('p'),
  listenPort: 5000,
  fwmark: 51820,
  peers,
})
const nothing = { configured: new Map<Key, string>() }

describe('diffDevice', () => {
  test('a file that says what runs changes nothing, host bits and order apart', () => {
    const running = device(peer('a', ['10.0.0.0/24', 'fd00::/64'], { keepaliveSeconds: 25 }))
    const diff = diffDevice(
      running,
      { privateKey: key('p'), peers: [want('a', ['fd00::1/64', '10.0.0.9/24'], { keepaliveSeconds: 25 })] },
      nothing,
    )
    expect(isEmptyChange(diff.change)).toBe(true)
    expect(diff.differences).toEqual([])
  })

  test('mark, port and key that the file leaves out stay; those it names are set', () => {
    expect(isEmptyChange(diffDevice(device(), { peers: [] }, nothing).change)).toBe(true)
    expect(
      diffDevice(device(), { privateKey: key('q'), listenPort: 1, fwmark: 2, peers: [] }, nothing).change,
    ).toEqual({
      privateKey: key('q'),
      listenPort: 1,
      fwmark: 2,
      peers: [],
    })
  })

  test('only the peer that changed is named, only with what changed', () => {
    const running = device(peer('a', ['10.0.0.1/32']), peer('b', ['10.0.0.2/32']), peer('c', []))
    const diff = diffDevice(
      running,
      {
        peers: [
          want('a', ['10.0.0.1/32']),
          want('b', ['10.0.0.2/32'], { keepaliveSeconds: 5 }),
          want('d', ['10.0.0.4/32']),
        ],
      },
      nothing,
    )
    expect(diff.change.peers).toEqual([
      { publicKey: key('c'), remove: true },
      { publicKey: key('b'), updateOnly: true, keepaliveSeconds: 5 },
      want('d', ['10.0.0.4/32']),
    ])
  })

  test('what the file no longer says is cleared: preshared key, keepalive, allowed IPs', () => {
    const running = device(peer('a', ['10.0.0.0/8'], { presharedKey: key('s'), keepaliveSeconds: 25 }))
    const given = { ...nothing, presharedKeys: new Set([key('a')]) }
    const [change] = diffDevice(running, { peers: [want('a', [])] }, given).change.peers
    expect(change).toMatchObject({
      presharedKey: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
      keepaliveSeconds: 0,
      replaceAllowedIps: true,
      allowedIps: [],
    })
  })

  test('a preshared key that something else set stays', () => {
    const running = device(peer('a', [], { presharedKey: key('s') }))
    expect(diffDevice(running, { peers: [want('a', [])] }, nothing).differences).toEqual([])
  })

  test('an endpoint that roamed is left alone while the file says what it said', () => {
    const running = device(peer('a', [], { endpoint: endpoint(4444) }))
    const file = { peers: [want('a', [], { endpoint: endpoint(51820) })] }
    const remembered = { configured: new Map([[key('a'), '192.0.2.1:51820']]) }
    expect(isEmptyChange(diffDevice(running, file, remembered).change)).toBe(true)
    expect(diffDevice(running, file, nothing).change.peers).toHaveLength(1)
    const edited = { peers: [want('a', [], { endpoint: endpoint(51821) })] }
    expect(diffDevice(running, edited, remembered).change.peers[0]?.endpoint).toEqual(endpoint(51821))
  })

  test('a prefix that is under two peers belongs to the last one', () => {
    const running = device(peer('a', []), peer('b', ['10.0.0.0/8']))
    const diff = diffDevice(
      running,
      { peers: [want('a', ['10.0.0.0/8']), want('b', ['10.0.0.0/8'])] },
      nothing,
    )
    expect(isEmptyChange(diff.change)).toBe(true)
  })

  test('no secret is shown', () => {
    const running = device(peer('a', [], { presharedKey: key('s') }))
    const diff = diffDevice(
      running,
      { privateKey: key('q'), peers: [want('a', [], { presharedKey: key('t') })] },
      nothing,
    )
    const shown = JSON.stringify(diff.differences)
    for (const secret of ['p', 'q', 's', 't'].map(key)) expect(shown).not.toContain(secret)
  })
})

describe('the private key', () => {
  // A key from `openssl rand -base64 32`, and the same key as a device clamps it.
  const raw = 'CQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eH/8=' as Key
  const clamped = 'CAIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eH38=' as Key
  const differs = (running: Partial<Device>, privateKey: Key) =>
    diffDevice({ ...device(), ...running }, { privateKey, peers: [] }, nothing).change.privateKey !==
    undefined

  test('is the one that the device clamped', () => {
    expect(differs({ privateKey: clamped }, raw)).toBe(false)
    expect(differs({ privateKey: raw }, raw)).toBe(false)
    expect(differs({ privateKey: clamped }, key('p'))).toBe(true)
  })

  test('is known by its public half where a daemon shows no more', () => {
    const { privateKey: _, ...rest } = device()
    const shows = { ...rest, publicKey: derivePublicKey(raw) }
    const changed = (privateKey: Key) =>
      diffDevice(shows, { privateKey, peers: [] }, nothing).change.privateKey
    expect(changed(raw)).toBeUndefined()
    expect(changed(clamped)).toBeUndefined()
    expect(changed(key('p'))).toBe(key('p'))
    expect(changed(zeroKey)).toBe(zeroKey)
  })
})
