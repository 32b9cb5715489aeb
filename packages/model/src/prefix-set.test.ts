// SPDX-License-Identifier: MIT
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Cidr } from './cidr.ts'
import { formatCidr, parseCidr } from './cidr.ts'
import { subtractPrefixes } from './prefix-set.ts'

const prefixes = (...texts: string[]): Cidr[] => texts.map((text) => parseCidr(text) ?? expect.fail(text))
const minus = (from: string[], without: string[]) =>
  subtractPrefixes(prefixes(...from), prefixes(...without)).map(formatCidr)

test.each([
  [['10.0.0.0/9', '10.128.0.0/9'], ['10.0.0.0/8']],
  [['10.0.0.0/8', '10.1.2.3'], ['10.0.0.0/8']],
  [['10.0.0.1/24', '10.0.1.0/24'], ['10.0.0.0/23']],
  [
    ['10.0.1.0/24', '10.0.2.0/24'],
    ['10.0.1.0/24', '10.0.2.0/24'],
  ],
  [
    ['0.0.0.0/1', '128.0.0.0/1', '::/0'],
    ['0.0.0.0/0', '::/0'],
  ],
  [
    ['fe80::/11', 'fea0::/11', '255.255.255.255'],
    ['255.255.255.255/32', 'fe80::/10'],
  ],
  [[], []],
])('joins %j', (given, expected) => {
  expect(subtractPrefixes(prefixes(...given), []).map(formatCidr)).toEqual(expected)
})

describe('subtracts', () => {
  test.each([
    [['10.0.0.0/30'], ['10.0.0.1'], ['10.0.0.0/32', '10.0.0.2/31']],
    [['0.0.0.0/0'], ['0.0.0.0/0'], []],
    [['0.0.0.0/0'], ['255.255.255.255', '0.0.0.0'], undefined],
    [['10.0.0.0/8'], ['11.0.0.0/8', '::/0'], ['10.0.0.0/8']],
    [['::/0'], ['8000::/1'], ['::/1']],
  ])('from %j without %j', (from, without, expected) => {
    const rest = minus(from, without)
    if (expected) expect(rest).toEqual(expected)
    else expect(rest).toHaveLength(62)
  })

  test('everything without the private networks, as calculators on the web print it', () => {
    const rest = minus(['0.0.0.0/0'], ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'])
    expect(rest.slice(0, 4)).toEqual(['0.0.0.0/5', '8.0.0.0/7', '11.0.0.0/8', '12.0.0.0/6'])
    expect(rest).toHaveLength(31)
  })
})

// A world of 256 addresses, 192.0.2.0/24 or 2001:db8::/120, small enough to count every one.
const small = (family: 4 | 6) =>
  fc
    .record({ host: fc.integer({ min: 0, max: 255 }), length: fc.integer({ min: 0, max: 8 }) })
    .map(({ host, length }) =>
      family === 4 ? `192.0.2.${host}/${24 + length}` : `2001:db8::${host.toString(16)}/${120 + length}`,
    )

const members = (list: readonly Cidr[]): Set<number> => {
  const out = new Set<number>()
  for (const { address, prefixLength, family } of list) {
    const last =
      family === 4 ? Number(address.split('.')[3]) : Number.parseInt(address.split(':').at(-1) || '0', 16)
    const size = 1 << ((family === 4 ? 32 : 128) - prefixLength)
    const first = last - (last % size)
    for (let host = first; host < first + size; host++) out.add(host)
  }
  return out
}

test.each([4, 6] as const)('equals counting address by address, IPv%i', (family) => {
  const list = fc.array(small(family), { maxLength: 8 })
  fc.assert(
    fc.property(list, list, (from, without) => {
      const rest = subtractPrefixes(prefixes(...from), prefixes(...without))
      const removed = members(prefixes(...without))
      const expected = [...members(prefixes(...from))].filter((host) => !removed.has(host))
      expect([...members(rest)].sort((a, b) => a - b)).toEqual(expected.sort((a, b) => a - b))
      // Minimal: no two neighbours of one length make up a longer prefix, so joining again changes nothing.
      expect(subtractPrefixes(rest, [])).toEqual(rest)
      expect(rest.length).toBeLessThanOrEqual(fewest(new Set(expected)))
    }),
  )
})

/** Counts prefixes by halving the world: a full half is one prefix, an empty one none. */
const fewest = (set: ReadonlySet<number>, first = 0, size = 256): number => {
  let inside = 0
  for (let host = first; host < first + size; host++) if (set.has(host)) inside++
  if (inside === 0 || inside === size) return inside === 0 ? 0 : 1
  return fewest(set, first, size / 2) + fewest(set, first + size / 2, size / 2)
}
