// SPDX-License-Identifier: MIT
import type { Cidr } from '@wgq/model/cidr'
import { parseCidr } from '@wgq/model/cidr'
import { type Device, emptyPeer, type Peer } from '@wgq/model/device'
import type { Host, Route, RouteAnswer } from '@wgq/model/host'
import type { Key } from '@wgq/model/key'
import type { Rule, RuleSelectors } from '@wgq/model/operation'
import { describe, expect, test } from 'vitest'
import { schemaFaults } from '../../../../test/support/json-schema.ts'
import { describePath, packetPath, pathJson } from './packet-path.ts'

const cidr = (text: string) => parseCidr(text) as Cidr
const route = (table: number, dst: string, dev: string, more: Partial<Route> = {}): Route => ({
  family: 4,
  dst: cidr(dst),
  dev,
  table,
  ...more,
})
const peer = (letter: string, ...allowed: string[]): Peer => ({
  ...emptyPeer(`${letter.repeat(42)}A=` as Key),
  endpoint: { family: 4, address: '198.51.100.1', port: 51820 },
  allowedIps: allowed.map(cidr),
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
  test.each(['0.0.0.0', '::', '0:0::0', '10.0.0.0/8', 'name'])('nothing goes to %s', async (text) => {
    expect(await packetPath(host, [device], text)).toBeUndefined()
  })

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

  test('a route into the tunnel that no peer has is said', async () => {
    const lone: Device = { ...device, peers: [peer('b', '10.0.0.0/8')] }
    expect((await packetPath(host, [lone], '203.0.113.9'))?.problem).toBe('no peer of wg0 has this address')
  })
  test('a peer whose endpoint is routed into the tunnel is a loop', async () => {
    const looped = { ...host, routeTo: async () => ({ dev: 'wg0' }) } as unknown as Host
    expect((await packetPath(looped, [device], '10.1.1.1'))?.problem).toContain('a loop')
  })
})

describe('with the kernel asked', () => {
  const asked = (extra: Rule[], more: Route[], answer: RouteAnswer): Host =>
    ({
      ...host,
      rules: async () => [...extra, ...rules].sort((a, b) => (a.preference ?? 0) - (b.preference ?? 0)),
      routes: async ({ table }: { table?: number | string }) =>
        [...routes, ...more].filter((candidate) => candidate.table === table),
      askRoute: async () => answer,
    }) as unknown as Host

  test('a rule of another VPN that comes first is named, with what it keeps away', async () => {
    const other: Rule = {
      family: 4,
      table: 99,
      preference: 5209,
      selective: true,
      selectors: { uidRange: [0, 99] },
    }
    const path = await packetPath(
      asked([other], [route(99, '0.0.0.0/0', 'tun7')], { route: { dev: 'tun7', table: 99 } }),
      [device],
      '203.0.113.9',
    )
    expect(path && describePath(path)).toEqual([
      '203.0.113.9: rule 5209 (uidrange 0-99), table 99',
      '  route 0.0.0.0/0 dev tun7',
      '  rule 32765 has a route for this into wg0, but rule 5209 comes first',
    ])
  })
  test.each([
    [{ from: cidr('10.0.0.0/8') }],
    [{ iif: 'eth0' }],
    [{ fwmark: 7, fwmask: 0xff }],
    [{ uidRange: [1000, 1999] }],
    [{ to: cidr('203.0.113.0/24'), not: true }],
  ] as RuleSelectors[][])('a rule with %j does not select it', async (selectors) => {
    const other: Rule = {
      family: 4,
      table: 99,
      preference: 9,
      selective: true,
      ...(selectors && { selectors }),
    }
    const path = await packetPath(
      asked([other], [route(99, '0.0.0.0/0', 'tun7')], { route: { dev: 'wg0', table: 51820 } }),
      [device],
      '203.0.113.9',
    )
    expect(path?.rule?.preference).toBe(32765)
  })
  test('what the kernel refuses is said in its own words, with the route that refuses', async () => {
    const { dev: _, ...blackhole } = route(254, '203.0.113.0/24', '', { type: 'blackhole' })
    const path = await packetPath(
      asked([], [blackhole], { refusal: 'RTNETLINK answers: Invalid argument' }),
      [device],
      '203.0.113.9',
    )
    expect(path && describePath(path)).toEqual([
      '203.0.113.9: RTNETLINK answers: Invalid argument',
      '  rule 32764, table main: blackhole 203.0.113.0/24',
    ])
  })
  test('a throw route sends it on', async () => {
    const { dev: _, ...thrown } = route(254, '203.0.113.0/24', '', { type: 'throw' })
    const path = await packetPath(
      asked([], [thrown], { route: { dev: 'wg0', table: 51820 } }),
      [device],
      '203.0.113.9',
    )
    expect(path?.rule?.preference).toBe(32765)
    expect(path && schemaFaults('doctor', JSON.parse(JSON.stringify(pathJson(path))))).toEqual([])
  })
})
