// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { checkIpv6Off } from './ipv6-off.ts'
import { testPeer, testSubject } from './testing.ts'

const both = testSubject({}, { peers: [testPeer(['10.5.0.0/16', 'fd77::/64'])] })
const set = (value: string | undefined) => (key: string) =>
  key === 'net.ipv6.conf.wg0.disable_ipv6' ? value : undefined

test('IPv6 that is off for an interface whose peers have some is reported', () => {
  expect(checkIpv6Off(both, set('1'))).toMatchObject([
    { status: 'info', hint: expect.stringContaining('sysctl -w net/ipv6/conf/wg0/disable_ipv6=0') },
  ])
})

test.each([
  ['it is on', both, '0'],
  ['the kernel has none', both, undefined],
  ['no peer has IPv6', testSubject(), '1'],
  ['the interface is in a namespace of its own', { ...both, inOneNetwork: false }, '1'],
] as const)('nothing is said when %s', (_, subject, value) => {
  expect(checkIpv6Off(subject, set(value))).toEqual([])
})
