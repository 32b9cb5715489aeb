// SPDX-License-Identifier: MIT
import type { Device, Peer } from '@wgq/model/device'
import type { Key } from '@wgq/model/key'
import { describe, expect, test } from 'vitest'
import { type Sample, topScreen } from './top-screen.ts'

const plain = { title: String, head: String, fresh: String, old: String }
const key = (letter: string) => `${letter.repeat(42)}A=` as Key
const peer = (letter: string, rxBytes: bigint, txBytes: bigint, handshake: number): Peer => ({
  publicKey: key(letter),
  endpoint: { family: 6, address: '2001:db8::1', port: 51820 },
  allowedIps: [],
  lastHandshake: { seconds: BigInt(handshake), nanoseconds: 0 },
  rxBytes,
  txBytes,
  keepaliveSeconds: 0,
})
const sample = (seconds: number, ...peers: Peer[]): Sample => {
  const device: Device = { name: 'wg0', listenPort: 0, fwmark: 0, peers }
  return { seconds, devices: [{ device, names: new Map([[key('b'), 'phone']]) }] }
}

describe('topScreen', () => {
  const before = sample(10, peer('a', 0n, 0n, 0), peer('b', 1000n, 0n, 900))
  const after = sample(12, peer('a', 0n, 0n, 0), peer('b', 1000n + 4096n, 2n * 1048576n, 900))

  test('80 columns: rates over the interval, the busiest peer first, names where known', () => {
    expect(topScreen(before, after, { columns: 80, rows: 24 }, 995, plain)).toEqual([
      'wgq top  1 interface, 2 peers',
      'PEER           IF   HANDSHAKE   DOWN/s     UP/s',
      'phone          wg0      1m35s  2.0 KiB  1.0 MiB',
      'aaaaaaaaaaaa…  wg0      never      0 B      0 B',
      'q quits',
    ])
  })

  test('200 columns show totals and endpoints; no line is longer than the terminal', () => {
    const screen = topScreen(before, after, { columns: 200, rows: 24 }, 995, plain)
    expect(screen[2]).toContain('5.0 KiB  2.0 MiB  [2001:db8::1]:51820')
    for (const columns of [40, 80, 120])
      for (const line of topScreen(before, after, { columns, rows: 24 }, 995, plain))
        expect(line.length).toBeLessThanOrEqual(Math.max(columns, 46))
  })

  test('a daemon that was restarted has no negative rate; a low terminal says how many are hidden', () => {
    expect(topScreen(after, before, { columns: 80, rows: 24 }, 995, plain)[2]).toContain('0 B')
    const low = topScreen(before, after, { columns: 80, rows: 4 }, 995, plain)
    expect(low).toHaveLength(4)
    expect(low[3]).toBe('1 more')
  })
})
