// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { chooseFirewall } from './choose.ts'
import { iptablesRemoval, writeIptables } from './iptables.ts'
import { nftRemoval, writeNft } from './nft.ts'

const input = { dev: 'wg0', family: 4, mark: 51820, addresses: ['10.0.0.2', '10.0.0.3'] } as const

test('nft batch, to the byte', () => {
  expect(writeNft(input)).toBe(
    [
      'add table ip wg-quick-wg0',
      'add chain ip wg-quick-wg0 preraw { type filter hook prerouting priority -300; }',
      'add chain ip wg-quick-wg0 premangle { type filter hook prerouting priority -150; }',
      'add chain ip wg-quick-wg0 postmangle { type filter hook postrouting priority -150; }',
      'add rule ip wg-quick-wg0 preraw iifname != "wg0" ip daddr 10.0.0.2 fib saddr type != local drop',
      'add rule ip wg-quick-wg0 preraw iifname != "wg0" ip daddr 10.0.0.3 fib saddr type != local drop',
      'add rule ip wg-quick-wg0 postmangle meta l4proto udp mark 51820 ct mark set mark ',
      'add rule ip wg-quick-wg0 premangle meta l4proto udp meta mark set ct mark ',
      '',
    ].join('\n'),
  )
})

test('nft removes the tables of this interface and no other', () => {
  const tables = 'table ip wg-quick-wg0\ntable ip6 wg-quick-wg0\ntable ip wg-quick-wg01\ntable inet filter\n'
  expect(nftRemoval('wg0', tables)).toBe('delete table ip wg-quick-wg0\ndelete table ip6 wg-quick-wg0\n')
  expect(nftRemoval('wg', tables)).toBeUndefined()
})

test('iptables removes what it added, whatever iptables-save makes of it', () => {
  const saved = [
    '# Generated',
    '*raw',
    ':PREROUTING ACCEPT [0:0]',
    '-A PREROUTING -d 10.0.0.2/32 ! -i wg0 -m comment --comment "wg-quick(8) rule for wg0" -j DROP',
    '-A PREROUTING -d 10.1.0.2/32 ! -i wg00 -m comment --comment "wg-quick(8) rule for wg00" -j DROP',
    'COMMIT',
    '',
  ].join('\n')
  expect(iptablesRemoval('wg0', saved)).toBe(
    '*raw\n-D PREROUTING -d 10.0.0.2/32 ! -i wg0 -m comment --comment "wg-quick(8) rule for wg0" -j DROP\nCOMMIT\n',
  )
  expect(iptablesRemoval('wg1', saved)).toBeUndefined()
})

test('nft where it is installed, else a program for each family', () => {
  expect(chooseFirewall((program) => `/usr/sbin/${program}`).tool(6)).toBe('nft')
  const without = chooseFirewall(() => undefined)
  expect([without.tool(4), without.tool(6)]).toEqual(['iptables-restore', 'ip6tables-restore'])
  expect(without.write(input)).toBe(writeIptables(input))
})
