// SPDX-License-Identifier: MIT
import type { Peer } from '@wgq/model/device'
import type { Endpoint } from '@wgq/model/endpoint'
import type { Host, Link, Route, RouteLookup } from '@wgq/model/host'
import { expect, test } from 'vitest'
import { automaticMtu, ipv6Mtu } from './mtu.ts'

const host = (
  ways: Record<string, RouteLookup>,
  links: Record<string, number>,
  routes: Partial<Route>[] = [],
): Host =>
  ({
    routeTo: async (address: string) => {
      if (address === 'bad') throw new Error('Invalid flags')
      return ways[address]
    },
    link: async (name: string) =>
      links[name] === undefined ? undefined : ({ name, mtu: links[name] } as Link),
    routes: async () => routes,
  }) as unknown as Host

const peers = (...addresses: (string | Endpoint | undefined)[]): Peer[] =>
  addresses.map((endpoint) => ({
    endpoint: typeof endpoint === 'string' ? { family: 4, address: endpoint, port: 1 } : endpoint,
  })) as Peer[]

const uplink = { dev: 'up0' }
const noMask = { dst: { family: 4, address: '0.0.0.0', prefixLength: 0 } } as const

test.each([
  ['the link on the way', host({ a: uplink }, { up0: 1500 }), peers('a'), 1420],
  ['the route before the link', host({ a: { dev: 'up0', mtu: 1300 } }, { up0: 1500 }), peers('a'), 1220],
  [
    'the smallest of several',
    host({ a: uplink, b: { dev: 'big' } }, { up0: 1400, big: 9000 }),
    peers('b', 'a'),
    1320,
  ],
  [
    'endpoints that cannot be reached do not count',
    host({ a: uplink }, { up0: 1400 }),
    peers('x', 'a'),
    1320,
  ],
  [
    'without endpoints the default route',
    host({}, { up0: 9000 }, [{ ...noMask, dev: 'up0' }]),
    peers(undefined),
    8920,
  ],
  ['without any way 1500', host({}, {}), peers('x'), 1420],
  [
    'an endpoint with a zone is passed over',
    host({ 'fe80::1': uplink }, { up0: 9000 }),
    peers({ family: 6, address: 'fe80::1', port: 1, zone: 'up0' }),
    1420,
  ],
])('%s', async (_, view, list, mtu) => {
  expect(await automaticMtu(view, list, 'wg-quick')).toBe(mtu)
})

test.each([
  ['to an endpoint', host({ a: { dev: 'up0', mtu: 1300, mtuLocked: true } }, { up0: 1500 })],
  ['by default', host({}, { up0: 1500 }, [{ ...noMask, dev: 'up0', mtu: 1300, mtuLocked: true }])],
])('a locked MTU of the route %s, which upstream does not recognize', async (_, view) => {
  expect(await automaticMtu(view, peers('a'), 'wg-quick')).toBe(1420)
  expect(await automaticMtu(view, peers('a'), 'wgq')).toBe(1220)
})

test('a question that fails is not an answer', async () => {
  await expect(automaticMtu(host({}, { up0: 1500 }), peers('bad'), 'wgq')).rejects.toThrow('Invalid flags')
})

test.each<[string | undefined, number, object]>([
  [undefined, 1420, { mtu: '1420' }],
  [undefined, 1280, { mtu: '1280' }],
  [
    undefined,
    1260,
    { mtu: '1280', notice: '[!] MTU 1260 is too small for the IPv6 of wg0: going on with 1280.\n' },
  ],
  ['1280', 1260, { mtu: '1280' }],
  ['1300', 1420, { mtu: '1300' }],
  ['0x500', 1420, { mtu: '0x500' }],
])('with IPv6, MTU %s in the file and %d by itself', (given, automatic, chosen) => {
  expect(ipv6Mtu('wg0', given, automatic)).toEqual(chosen)
})

test('an MTU of the file that is too small for IPv6 is refused', () => {
  expect(() => ipv6Mtu('wg0', '1279', 1420)).toThrow('MTU 1279 is too small for the IPv6 of wg0')
})
