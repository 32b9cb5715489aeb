// SPDX-License-Identifier: MIT
import type { NetworkInterfaceInfo } from 'node:os'
import { formatCidr } from '@wgq/model/cidr'
import { expect, test } from 'vitest'
import { localNetworks } from './local-networks.ts'

const at = (cidr: string, more: { mac?: string; internal?: boolean } = {}): NetworkInterfaceInfo => ({
  address: cidr.replace(/\/.*/, ''),
  netmask: '',
  mac: '02:00:00:00:00:01',
  internal: false,
  cidr,
  ...(cidr.includes(':') ? { family: 'IPv6', scopeid: 0 } : { family: 'IPv4' }),
  ...more,
})

test('the networks of real links: not loopback, tunnels or link-local', () => {
  const found = localNetworks({
    lo: [at('127.0.0.1/8', { internal: true, mac: '00:00:00:00:00:00' })],
    eth0: [at('192.168.1.20/24'), at('2001:db8::20/64'), at('fe80::1/64'), at('169.254.3.4/16')],
    wg0: [at('10.0.0.2/24', { mac: '00:00:00:00:00:00' })],
  })
  expect(found.map(formatCidr)).toEqual(['192.168.1.20/24', '2001:db8::20/64'])
})
