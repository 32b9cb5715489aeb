// SPDX-License-Identifier: MIT
import { type Cidr, parseCidr } from '@wgq/model/cidr'
import { expect, test } from 'vitest'
import { notOfOneHost } from './host-address.ts'

const networks = ['10.8.0.1/24', '10.9.0.0/31', 'fd08::1/64', 'fd09::/127'].map(
  (text) => parseCidr(text) as Cidr,
)
const why = (text: string) => notOfOneHost(parseCidr(text) as Cidr, networks)

test.each([
  ['10.8.0.0', 'the network 10.8.0.0/24'],
  ['10.8.0.0/24', 'the network'],
  ['10.8.0.255', 'broadcast address of 10.8.0.0/24'],
  ['fd08::', 'any router of fd08::/64'],
  ['0.0.0.0/0', 'no machine'],
  ['::/0', 'no machine'],
  ['127.0.0.5', 'means itself'],
  ['::1', 'means itself'],
  ['239.0.0.1', 'multicast'],
  ['ff02::1', 'multicast'],
  ['255.255.255.255', 'broadcast'],
  ['::ffff:10.8.0.3', 'IPv4'],
])('%s cannot be the address of a machine', (text, part) => {
  expect(why(text)).toContain(part)
})

test.each([
  '10.8.0.1',
  '10.8.0.254',
  '10.8.0.9/24',
  '10.9.0.0',
  '10.9.0.1',
  '10.10.0.0',
  '10.10.0.255',
  'fd08::ffff',
  'fd09::',
  'fe80::1',
])('%s can be', (text) => {
  expect(why(text)).toBeUndefined()
})
