// SPDX-License-Identifier: MIT
import { type Cidr, covers, formatCidr, parseCidr } from '@wgq/model/cidr'
import { emptyPeer, type Peer } from '@wgq/model/device'
import type { Key } from '@wgq/model/key'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { planMainRoutes, planTableRoutes, readRouting, sortedAllowedIps } from './routes.ts'

const cidrs = (...texts: string[]): Cidr[] => texts.map((text) => parseCidr(text) as Cidr)
const peer = (...texts: string[]): Peer => ({
  ...emptyPeer('x' as Key),
  allowedIps: cidrs(...texts),
})

test('only the lower-case words of Table mean something', () => {
  expect(readRouting(undefined)).toEqual({ to: 'auto' })
  expect(readRouting('auto')).toEqual({ to: 'auto' })
  expect(readRouting('off')).toEqual({ to: 'off' })
  expect(readRouting('OFF')).toEqual({ to: 'table', table: 'OFF' })
  expect(readRouting('1234')).toEqual({ to: 'table', table: '1234' })
})

describe('order of allowed IPs', () => {
  test('longest prefix first, then by text, backwards', () => {
    const peers = [
      peer('0.0.0.0/0', '10.5.0.0/16', '192.168.50.0/24'),
      peer('::/0', 'fd00:2::/48', '10.0.0.0/24'),
    ]
    expect(sortedAllowedIps(peers).map(formatCidr)).toEqual([
      'fd00:2::/48',
      '192.168.50.0/24',
      '10.0.0.0/24',
      '10.5.0.0/16',
      '::/0',
      '0.0.0.0/0',
    ])
  })
})

describe('routes of the main table', () => {
  test('what the interface covers already needs none', () => {
    const sorted = sortedAllowedIps([peer('10.0.0.0/16', '10.0.5.0/24', '10.0.6.7/32', '10.0.0.0/8')])
    expect(planMainRoutes('wg0', sorted, cidrs('10.0.0.0/16'))).toEqual([
      { do: 'route.add', dev: 'wg0', dst: parseCidr('10.0.0.0/8') },
    ])
  })

  test('longer ones come first and do not suppress shorter ones', () => {
    const sorted = sortedAllowedIps([peer('10.5.0.0/16', '10.5.1.0/24', '10.5.1.7/32')])
    expect(planMainRoutes('wg0', sorted, [])).toHaveLength(3)
  })

  test('a route is planned for exactly those that nothing present covers', () => {
    const anyCidr = fc
      .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 }), fc.integer({ min: 8, max: 32 }))
      .map(([b, c, length]) => `10.${b}.${c * 64}.0/${length}`)
      .map((text) => sortedAllowedIps([peer(text)])[0] as Cidr)
    fc.assert(
      fc.property(fc.array(anyCidr), fc.array(anyCidr), (wanted, present) => {
        const planned = planMainRoutes('wg0', wanted, present)
        const expected = wanted.filter((one) => !present.some((other) => covers(other, one)))
        expect(planned).toEqual(expected.map((dst) => ({ do: 'route.add', dev: 'wg0', dst })))
      }),
    )
  })
})

test('a table of its own takes everything', () => {
  expect(planTableRoutes('wg0', '1234', cidrs('::/0', '0.0.0.0/0'))).toEqual([
    { do: 'route.add', dev: 'wg0', dst: parseCidr('::/0'), table: '1234' },
    { do: 'route.add', dev: 'wg0', dst: parseCidr('0.0.0.0/0'), table: '1234' },
  ])
})
