// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { type Outside, reachableEndpoints } from './reachable.ts'

const outside = (names: Record<string, string[]>, routes: RegExp): Outside => ({
  addresses: async (host) => ({ addresses: names[host] ?? [] }),
  hasRoute: async (address) => routes.test(address),
})
const ways = async (candidates: [string, number][], where: Outside) =>
  (
    await reachableEndpoints(
      candidates.map(([host, port]) => ({ host, port })),
      0,
      where,
    )
  ).endpoints.map(({ address, port }) => `${address} ${port}`)

test('addresses without a way are left out, those with one keep the order of the file and of the answer', async () => {
  const names = { 'gate.example': ['2001:db8::1', '192.0.2.1'], 'second.example': ['192.0.2.2'] }
  const candidates: [string, number][] = [
    ['gate.example', 1],
    ['second.example', 2],
    ['198.51.100.3', 3],
  ]
  expect(await ways(candidates, outside(names, /^192|^198/))).toEqual([
    '192.0.2.1 1',
    '192.0.2.2 2',
    '198.51.100.3 3',
  ])
  // Without any route the network is down: all addresses are equally good.
  expect(await ways(candidates, outside(names, /^$/))).toHaveLength(4)
  expect(await ways([['absent.example', 1]], outside(names, /./))).toEqual([])
})

test('IPv4 endpoints on a network with IPv6 only go through its translator', async () => {
  const names = { 'ipv4only.arpa': ['64:ff9b::c000:aa'], 'gate.example': ['192.0.2.33'] }
  const ipv6Only = outside(names, /^64:ff9b/)
  expect(await ways([['gate.example', 51820]], ipv6Only)).toEqual(['64:ff9b::c000:221 51820'])
  expect(await ways([['192.0.2.1', 7]], ipv6Only)).toEqual(['64:ff9b::c000:201 7'])
  // Ignore an answer that is not from a translator.
  const foreign = outside({ 'ipv4only.arpa': ['2001:db8::1'] }, /^64/)
  expect(await ways([['192.0.2.1', 7]], foreign)).toEqual(['192.0.2.1 7'])
})
