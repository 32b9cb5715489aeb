// SPDX-License-Identifier: MIT
import type { Host, Link } from '@wgq/model/host'
import { expect, test } from 'vitest'
import { checkMtu, checkOuterWays, outerWays } from './outer-ways.ts'
import { testPeer, testSubject } from './testing.ts'

const link = (name: string, mtu: number, index = 1): Link => ({ name, mtu, index, up: true })

test('a loop is named once, with the allowed IP that makes it, and not as a wrong MTU', async () => {
  const { host, device, link: own } = testSubject({}, {}, { routeTo: async () => ({ dev: 'wg0' }) })
  const ways = await outerWays(host, device)
  const found = await checkOuterWays(host, ways, device, () => 'p')
  expect(found[0]?.message).toContain('a loop')
  expect(found[0]?.message).toContain('the allowed IP 0.0.0.0/0')
  expect(found[0]?.hint).toContain('wgq reload wg0')
  expect(await checkMtu(host, ways, device, own as Link)).toEqual([])
})

test('the zone of an endpoint is its way', async () => {
  const endpoint = { family: 6 as const, address: 'fe80::1', port: 1, zone: 'up0' }
  const links = async () => [link('up0', 1500)]
  const { host, device } = testSubject({}, { peers: [testPeer([], { endpoint })] }, { links })
  const ways = await outerWays(host, device)
  expect(ways[0]?.route).toEqual({ dev: 'up0' })
  const gone = testSubject({}, { peers: [testPeer([], { endpoint })] })
  const [finding] = await checkOuterWays(
    gone.host,
    await outerWays(gone.host, gone.device),
    gone.device,
    () => 'p',
  )
  expect(finding?.hint).toContain('no interface up0')
})

test('an IPv4 endpoint in a network without IPv4', async () => {
  const routes = (async ({ family }) =>
    family === 6
      ? [{ family: 6, dst: { family: 6, address: '::', prefixLength: 0 }, dev: 'eth0', table: 254 }]
      : []) as Host['routes']
  const { host, device } = testSubject({}, {}, { routes, routeTo: async () => undefined })
  const [finding] = await checkOuterWays(host, await outerWays(host, device), device, () => 'p')
  expect(finding).toMatchObject({ status: 'problem' })
  expect(finding?.hint).toContain('NAT64')
})

test('peers behind one interface with too small an MTU are reported once', async () => {
  const peers = [testPeer(['10.0.0.0/8']), testPeer(['10.1.0.0/16'])]
  const { host, device, link: own } = testSubject({}, { peers }, { link: async () => link('eth0', 1400) })
  expect(await checkMtu(host, await outerWays(host, device), device, own as Link)).toHaveLength(1)
})

test.each([
  ['a file without one', '[Interface]\n', 'wgq reload wg0'],
  ['a file that sets one', '[Interface]\nMTU = 1420\n', 'Set MTU = 1340'],
  ['a hook that sets one', '[Interface]\nPostUp = ip link set %i mtu 1420\n', 'Set MTU = 1340'],
  ['no readable file', undefined, 'Set MTU = 1340'],
])('the remedy for an MTU that is too large with %s', async (_, config, remedy) => {
  const { host, device, link: own } = testSubject({}, {}, { link: async () => link('eth0', 1400) })
  const [finding] = await checkMtu(host, await outerWays(host, device), device, own as Link, config)
  expect(finding?.hint).toContain(remedy)
})
