// SPDX-License-Identifier: MIT
import type { Cidr } from '@wgq/model/cidr'
import { parseCidr } from '@wgq/model/cidr'
import type { Op } from '@wgq/model/operation'
import { expect, test } from 'vitest'
import { inverse } from './inverse.ts'
import { spell } from './spell.ts'

const net = parseCidr('10.5.0.0/16') as Cidr
const mark = { family: 4, table: 51820, notFwmark: 51820, preference: 32765 } as const
const suppress = { family: 6, table: 'main', suppressPrefixLength: 0 } as const

const table: [Op, string, string | undefined][] = [
  [{ do: 'link.add', name: 'wg0' }, 'ip link add dev wg0 type wireguard', 'ip link delete dev wg0'],
  [
    { do: 'daemon.start', name: 'wg0', program: 'wireguard-go', embedded: false },
    'wireguard-go wg0',
    'ip link delete dev wg0',
  ],
  [{ do: 'device.configure', name: 'wg0', configuration: 'secret' }, 'wg addconf wg0 /dev/fd/63', undefined],
  [{ do: 'device.fwmark', name: 'wg0', fwmark: 51820 }, 'wg set wg0 fwmark 51820', undefined],
  [
    { do: 'address.add', dev: 'wg0', family: 6, address: 'fd00::5' },
    'ip -6 address add fd00::5 dev wg0',
    'ip -6 address delete fd00::5 dev wg0',
  ],
  [{ do: 'link.up', dev: 'wg0', mtu: '1420' }, 'ip link set mtu 1420 up dev wg0', undefined],
  [
    { do: 'route.add', dev: 'wg0', dst: net },
    'ip -4 route add 10.5.0.0/16 dev wg0',
    'ip -4 route delete 10.5.0.0/16 dev wg0',
  ],
  [
    { do: 'route.add', dev: 'wg0', dst: net, table: 'main' },
    'ip -4 route add 10.5.0.0/16 dev wg0 table main',
    'ip -4 route delete 10.5.0.0/16 dev wg0 table main',
  ],
  [
    { do: 'rule.add', rule: mark },
    'ip -4 rule add not fwmark 51820 table 51820',
    'ip -4 rule delete table 51820',
  ],
  [
    { do: 'rule.add', rule: suppress },
    'ip -6 rule add table main suppress_prefixlength 0',
    'ip -6 rule delete table main suppress_prefixlength 0',
  ],
  [
    { do: 'sysctl.set', key: 'net.ipv4.conf.all.src_valid_mark', value: '1', previous: '0' },
    'sysctl -q net.ipv4.conf.all.src_valid_mark=1',
    'sysctl -q net.ipv4.conf.all.src_valid_mark=0',
  ],
  [{ do: 'firewall.load', tool: 'nft', text: 'x' }, 'nft -f /dev/fd/63', 'nft -f /dev/fd/63'],
  [
    { do: 'firewall.load', tool: 'ip6tables-restore', text: 'x' },
    'ip6tables-restore -n',
    'ip6tables-restore -n',
  ],
  [
    { do: 'dns.set', dev: 'wg0', manager: 'resolvconf:tun.', servers: ['10.0.0.1'], search: [] },
    'resolvconf -a tun.wg0 -m 0 -x',
    'resolvconf -d tun.wg0 -f',
  ],
  [
    { do: 'dns.set', dev: 'wg0', manager: 'resolvectl', servers: ['10.0.0.1', 'fd00::1'], search: [] },
    'resolvectl dns wg0 10.0.0.1 fd00::1; resolvectl domain wg0 ~.',
    'resolvectl revert wg0',
  ],
  [{ do: 'hook.run', command: 'echo "a  b" # c' }, 'echo "a  b" # c', undefined],
]

test.each(table)('%o', (op, words, undone) => {
  expect(spell(op)).toBe(words)
  const back = inverse(op)
  expect(back && spell(back)).toBe(undone)
})
