// SPDX-License-Identifier: MIT
// Output of the tools as other releases and other machines print it, beside the ordinary cases of host.test.ts.
import { formatCidr, parseCidr } from '@wgq/model/cidr'
import { expect, test } from 'vitest'
import { parseIfconfig } from './ifconfig.ts'
import { parseNetstat } from './netstat.ts'
import { holdsPrefix, parseRouteGet } from './route-get.ts'

/** The addresses of the only interface in the output of ifconfig, with its name. */
const shown = (text: string) => {
  const [link, ...others] = parseIfconfig(text)
  expect(others).toEqual([])
  return link && [link.name, ...link.addresses.map(({ cidr, scope }) => `${formatCidr(cidr)} ${scope}`)]
}

test('OpenBSD 7.8: every line that a tunnel has', () => {
  const key = '+hE2Xqwwd2jUhJjsENZSBEiPzxcHlT8xNqrNMq1PbRs='
  const text = `wg0: flags=80c3<UP,BROADCAST,RUNNING,NOARP,MULTICAST> mtu 1420
	description: wg-quick: office
	index 6 priority 0 llprio 3
	wgport 51820
	wgrtable 1
	wgpubkey ${key}
	wgpeer ${key}
		wgdescr: inet 10.99.0.1 netmask 0xffffff00
		wgpsk (present)
		wgpka 5 (sec)
		wgendpoint fe80::1%vio0 9
		tx: 148, rx: 92
		last handshake: 5 seconds ago
		wgaip 10.0.0.0/24
		wgaip fd00::/64
	groups: wg
	inet 10.0.0.2 netmask 0xffffff00 broadcast 10.0.0.255
	inet6 fd00::2 prefixlen 64
`
  expect(shown(text)).toEqual(['wg0', '10.0.0.2/24 global', 'fd00::2/64 global'])
  expect(parseIfconfig(text)[0]).toMatchObject({ description: 'wg-quick: office', groups: ['wg'], up: true })
})

test.each([
  ['IPv6 alone', '\tinet6 fd00::2 prefixlen 64\n', ['wg0', 'fd00::2/64 global']],
  ['IPv6 alone, NetBSD', '\tinet6 fd00::2/64 flags 0\n', ['wg0', 'fd00::2/64 global']],
  [
    'an IPv6 address that is still being checked',
    '\tinet6 fd00::2 prefixlen 64 tentative\n',
    ['wg0', 'fd00::2/64 global'],
  ],
  ['no address', '\tgroups: wg\n', ['wg0']],
  [
    'point to point, FreeBSD',
    '\tinet 10.0.0.2 --> 10.0.0.1 netmask 0xffffffff\n',
    ['wg0', '10.0.0.2/32 global'],
  ],
  ['point to point, NetBSD', '\tinet 10.0.0.2/32 -> 10.0.0.1 flags 0\n', ['wg0', '10.0.0.2/32 global']],
  ['a mask in dots', '\tinet 10.0.0.2 netmask 255.255.240.0\n', ['wg0', '10.0.0.2/20 global']],
  ['a mask of nothing', '\tinet 10.0.0.2 netmask 0x0\n', ['wg0', '10.0.0.2/0 global']],
  ['no mask', '\tinet 10.0.0.2\n', ['wg0', '10.0.0.2/32 global']],
  [
    'an address shared by machines, FreeBSD',
    '\tinet 10.0.0.2 netmask 0xffffff00 broadcast 10.0.0.255 vhid 1\n',
    ['wg0', '10.0.0.2/24 global'],
  ],
  ['a line that is cut off', '\tinet 10.0.0', ['wg0']],
])('addresses: %s', (_, lines, expected) => {
  expect(shown(`wg0: flags=8043<UP,RUNNING> mtu 1420\n${lines}`)).toEqual(expected)
})

test.each(['vio0', 'em0.100', 'wg_home', 'vlan100', 'epair0a', 'bridge-lan', 'abcdefghijklmno'])(
  'an interface named %s',
  (name) => {
    expect(
      shown(`${name}: flags=8843<UP> metric 0 mtu 1500\n\tinet6 fe80::1%${name} prefixlen 64\n`),
    ).toEqual([name, 'fe80::1/64 link'])
  },
)

test('words that a release leaves out: no group, no description, no flag', () => {
  expect(parseIfconfig('wg0: flags=0<> mtu 1420\n')).toEqual([
    { name: 'wg0', up: false, mtu: 1420, groups: [], addresses: [] },
  ])
  // Without an MTU it is no interface.
  expect(parseIfconfig('wg0: flags=8043<UP>\n\tinet 10.0.0.2 netmask 0xff000000\n')).toEqual([])
  expect(parseIfconfig('ifconfig: interface wg0 does not exist\n')).toEqual([])
})

const rows = (text: string, family: 4 | 6) =>
  parseNetstat(text, family, 0).map(({ dst, gateway, dev, mtu }) => [formatCidr(dst), gateway, dev, mtu])

test('OpenBSD: a gateway is a link, a MAC address, an address or an interface', () => {
  const text = `Routing tables

Internet:
Destination        Gateway            Flags   Refs      Use   Mtu  Prio Iface
default            10.0.2.2           UGS        5       87     -     8 vio0
10.0.0/24          10.0.0.2           UCn        0        0     -     4 wg0
10.0.0.2           wg0                UHl        0        0     -     1 wg0
10.0.2.2           52:55:0a:00:02:02  UHLch      1        4     -     3 vio0
198.18.0.0/15      link#6             UC         0        0  1420     4 wg0
`
  expect(rows(text, 4)).toEqual([
    ['0.0.0.0/0', '10.0.2.2', 'vio0', undefined],
    ['10.0.0.0/24', '10.0.0.2', 'wg0', undefined],
    ['10.0.0.2/32', undefined, 'wg0', undefined],
    ['10.0.2.2/32', undefined, 'vio0', undefined],
    ['198.18.0.0/15', undefined, 'wg0', 1420],
  ])
})

test('more columns, other titles, IPv6 alone', () => {
  const wide = `Destination        Gateway            Flags   Nhop#    Mtu    Netif Expire
default            192.168.1.1        UGS         4   1500      em0
10.0.0.0/24        link#3             U           5   1420      wg0
`
  expect(rows(wide, 4)).toEqual([
    ['0.0.0.0/0', '192.168.1.1', 'em0', 1500],
    ['10.0.0.0/24', undefined, 'wg0', 1420],
  ])
  const netbsd6 = `Internet6:
Destination                             Gateway                        Flags    Refs      Use    Mtu Interface
default                                 fe80::1%wm0                    UG          -        -      -  wm0
fd00::/64                               link#4                         UC          -        -      -  wg0
fd00::2                                 link#4                         UHl         -        -      -  lo0
ff01::%wg0/32                           link#4                         UC          -        -      -  wg0
`
  expect(rows(netbsd6, 6)).toEqual([
    ['::/0', 'fe80::1%wm0', 'wm0', undefined],
    ['fd00::/64', undefined, 'wg0', undefined],
    ['fd00::2/128', undefined, 'lo0', undefined],
    ['ff01::/32', undefined, 'wg0', undefined],
  ])
  // A table without routes, and a table that does not exist.
  expect(rows('Routing tables\n', 4)).toEqual([])
  expect(rows('', 6)).toEqual([])
})

test.each([
  ['a host route', 'destination: 192.0.2.1\n    gateway: 192.168.1.1\n  interface: em0\n', 'em0'],
  ['IPv6', 'destination: ::\n       mask: ::\n    gateway: fe80::1%vio0\n  interface: vio0\n', 'vio0'],
  ['an interface of another name', 'destination: default\n  interface: wg_home\n', 'wg_home'],
  [
    'an uplink without gateway',
    'destination: default\n       mask: default\n  interface: pppoe0\n',
    'pppoe0',
  ],
  ['not in table', 'route: fd00::1: not in table\n', undefined],
])('route get: %s', (_, text, dev) => {
  expect(parseRouteGet(`   route to: x\n${text}`)?.dev).toBe(dev)
})

// FreeBSD 14.0 looks up the address of a prefix, so that the answer may be a narrower route.
test.each([
  ['0.0.0.0/0', '10.0.0.0', '255.0.0.0', false],
  ['0.0.0.0/1', '0.0.0.0', '128.0.0.0', true],
  ['10.0.0.0/24', '10.0.0.0', '255.255.255.0', true],
  ['10.0.0.0/24', '10.0.0.0', '255.255.255.128', false],
  ['fd00::/48', 'fd00::', 'ffff:ffff:ffff::', true],
  ['fd00::/127', 'fd00::', undefined, false],
  ['fd00::1/128', 'fd00::1', undefined, true],
])('the route of %s is not that of %s %s', (prefix, destination, mask, holds) => {
  const text = `destination: ${destination}\n${mask ? `       mask: ${mask}\n` : ''}  interface: wg0\n`
  const cidr = parseCidr(prefix)
  expect(cidr && holdsPrefix(text, cidr)).toBe(holds)
})
