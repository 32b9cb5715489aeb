// SPDX-License-Identifier: MIT
import type { Cidr } from '@wgq/model/cidr'
import { parseCidr } from '@wgq/model/cidr'
import type { Device, Peer } from '@wgq/model/device'
import type { Host, Route } from '@wgq/model/host'
import type { Key } from '@wgq/model/key'
import type { Rule } from '@wgq/model/operation'
import { describe, expect, test } from 'vitest'
import { describePath, packetPath } from './packet-path.ts'

const cidr = (text: string) => parseCidr(text) as Cidr
const route = (table: number, dst: string, dev: string, more: Partial<Route> = {}): Route => ({
  family: 4,
  dst: cidr(dst),
  dev,
  table,
  ...more,
})
const peer = (letter: string, ...allowed: string[]): Peer => ({
  publicKey: `${letter.repeat(42)}A=` as Key,
  endpoint: { family: 4, address: '198.51.100.1', port: 51820 },
  allowedIps: allowed.map(cidr),
  lastHandshake: { seconds: 0n, nanoseconds: 0 },
  rxBytes: 0n,
  txBytes: 0n,
  keepaliveSeconds: 0,
})

// A full tunnel as wg-quick leaves it, with the LAN on eth0.
const rules: Rule[] = [
  { family: 4, table: 255, preference: 0 },
  { family: 4, table: 254, suppressPrefixLength: 0, preference: 32764 },
  { family: 4, table: 51820, notFwmark: 51820, preference: 32765 },
  { family: 4, table: 254, preference: 32766 },
]
const routes = [
  route(254, '0.0.0.0/0', 'eth0', { gateway: '192.0.2.1' }),
  route(254, '192.0.2.0/24', 'eth0'),
  route(51820, '0.0.0.0/0', 'wg0'),
]
const host = {
  rules: async () => rules,
  routes: async ({ table }: { table?: number | string }) =>
    routes.filter((candidate) => candidate.table === table),
  routeTo: async (_address: string, mark?: number) => ({ dev: mark === 51820 ? 'eth0' : 'wg0' }),
} as unknown as Host
const device: Device = {
  name: 'wg0',
  listenPort: 0,
  fwmark: 51820,
  peers: [peer('a', '0.0.0.0/0'), peer('b', '10.0.0.0/8')],
}

describe('packetPath', () => {
  test('the internet goes through the tunnel, its own packets leave outside', async () => {
    const path = await packetPath(host, [device], '203.0.113.9')
    expect(path?.rule?.preference).toBe(32765)
    expect(path?.peer).toBe(device.peers[0])
    expect(path?.outerDev).toBe('eth0')
  })
  test('the LAN stays outside: a default route in main is suppressed, a longer one is not', async () => {
    const path = await packetPath(host, [device], '192.0.2.77')
    expect(path?.rule?.preference).toBe(32764)
    expect(path?.route?.dev).toBe('eth0')
    expect(path?.peer).toBeUndefined()
  })
  test('the longest allowed IP owns the packet', async () => {
    expect((await packetPath(host, [device], '10.1.1.1'))?.peer).toBe(device.peers[1])
  })
  test('marked packets skip the tunnel', async () => {
    expect((await packetPath(host, [device], '203.0.113.9', 51820))?.route?.gateway).toBe('192.0.2.1')
  })
  test('what is not an address is refused, and the description names every station', async () => {
    expect(await packetPath(host, [device], 'example.net')).toBeUndefined()
    const path = await packetPath(host, [device], '10.1.1.1')
    expect(path && describePath(path)).toEqual([
      '10.1.1.1: rule 32765 (not fwmark 0xca6c), table 51820',
      '  route 0.0.0.0/0 dev wg0',
      `  peer ${'b'.repeat(42)}A=, allowed IP 10.0.0.0/8`,
      '  encrypted to 198.51.100.1:51820, leaving through eth0',
    ])
  })
})
