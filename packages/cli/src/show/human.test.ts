// SPDX-License-Identifier: MIT
import { type Device, emptyPeer, type Peer } from '@wgq/model/device'
import { zeroKey } from '@wgq/model/key'
import { describe, expect, test } from 'vitest'
import { jsonText } from '../json-text.ts'
import { paintFor } from './colour.ts'
import { formatField } from './fields.ts'
import { formatHuman } from './human.ts'
import { deviceJson } from './json.ts'
import { readShowOptions } from './options.ts'
import { formatAgo, formatBytes, formatSpan } from './quantities.ts'

const nameless = new Map()
const plain = paintFor('never')

const peer = (change: Partial<Peer>): Peer => ({
  ...emptyPeer(zeroKey),
  ...change,
})
const device = (...peers: Peer[]): Device => ({ name: 'wg0', listenPort: 0, fwmark: 0, peers })

describe('quantities (spec wg §2.2)', () => {
  test.each([
    [60n, '1 minute'],
    [3661n, '1 hour, 1 minute, 1 second'],
    [31622400n, '1 year, 1 day'],
    [63072000n, '2 years'],
  ])('%s s', (seconds, text) => {
    expect(formatSpan(seconds, plain)).toBe(text)
  })

  test.each([
    [0n, '0 B'],
    [1023n, '1023 B'],
    [1024n, '1.00 KiB'],
    [1048575n, '1024.00 KiB'],
    [1048576n, '1.00 MiB'],
    [1n << 40n, '1.00 TiB'],
    [(1n << 64n) - 1n, '16777216.00 TiB'],
  ])('%s bytes', (bytes, text) => {
    expect(formatBytes(bytes, plain)).toBe(text)
  })

  test('ago', () => {
    expect(formatAgo(5n, 5n, plain)).toBe('Now')
    expect(formatAgo(7n, 5n, plain)).toBe('2 seconds ago')
    expect(formatAgo(4n, 5n, plain)).toBe('(System clock wound backward; connection problems may ensue.)')
  })
})

test('people see the newest handshake first, scripts the order of the device', () => {
  const at = (seconds: bigint, nanoseconds: number, port: number) =>
    peer({
      lastHandshake: { seconds, nanoseconds },
      endpoint: { family: 4, address: '192.0.2.1', port },
    })
  const many = device(at(0n, 0, 1), at(5n, 1, 2), at(5n, 9, 3), at(0n, 0, 4), at(9n, 0, 5))
  const settings = { paint: plain, revealKeys: false, nowSeconds: 9n }
  const shown = [...formatHuman(many, settings).matchAll(/192\.0\.2\.1:([0-9])/g)].map((match) => match[1])
  expect(shown.join('')).toBe('53214')
  expect(
    formatField(many, 'endpoints')
      .match(/:[0-9]/g)
      ?.join(''),
  ).toBe(':1:2:3:4:5')
})

test('keys show when asked for, in the human output and in JSON', () => {
  const secret: Device = { ...device(peer({ presharedKey: zeroKey })), privateKey: zeroKey }
  const human = (revealKeys: boolean) => formatHuman(secret, { paint: plain, revealKeys, nowSeconds: 0n })
  expect(human(false).match(/\(hidden\)/g)).toHaveLength(2)
  expect(human(true)).toContain(`  private key: ${zeroKey}\n`)
  expect(jsonText(deviceJson(secret, false, nameless), 0)).not.toContain('rivateKey":"')
  expect(deviceJson(secret, true, nameless)).toMatchObject({
    privateKey: zeroKey,
    peers: [{ presharedKey: zeroKey }],
  })
})

test('a name that is meant to steer a terminal does not', () => {
  const odd = { ...device(), name: 'wg\x1b[2J' }
  expect(formatHuman(odd, { paint: plain, revealKeys: false, nowSeconds: 0n })).not.toContain('\x1b')
  expect(jsonText({ name: 'wg\x9b2J' }, 0)).toBe('{"name":"wg\\u009b2J"}')
})

test('64-bit numbers are exact in JSON', () => {
  const text = jsonText(deviceJson(device(peer({ rxBytes: (1n << 64n) - 1n })), false, nameless), 0)
  expect(text).toContain('"rxBytes":18446744073709551615,"txBytes":0')
  expect(JSON.parse(text)).toMatchObject({ name: 'wg0', peers: [{ latestHandshake: null }] })
})

test('options of wgq show', () => {
  expect(readShowOptions(['wg0', '--json', '--watch=0.5'])).toEqual({
    operands: ['wg0'],
    json: true,
    showKeys: false,
    watchSeconds: 0.5,
  })
  expect(readShowOptions(['--watch']).watchSeconds).toBe(2)
  for (const args of [
    ['--nonsense'],
    ['--show-keys'],
    ['--watch=0'],
    ['--watch='],
    ['--json', 'wg0', 'dump'],
  ]) {
    expect(() => readShowOptions(args)).toThrow(expect.objectContaining({ code: 'E_USAGE' }))
  }
})

test('JSON has the note about an endpoint that could not be read', () => {
  const note = 'the kernel has an endpoint of address family 99 (16 bytes)'
  expect(deviceJson(device(peer({ note }), peer({})), false, nameless)).toMatchObject({
    peers: [{ endpoint: null, note }, { endpoint: null }],
  })
  expect(jsonText(deviceJson(device(peer({})), false, nameless))).not.toContain('note')
})
