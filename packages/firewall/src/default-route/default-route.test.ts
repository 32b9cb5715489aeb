// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import type { FilterTools } from '../tools.ts'
import { chooseTool, firewallWriter } from './choose.ts'
import { iptablesRemoval, writeIptables } from './iptables-text.ts'
import { nftRemoval, nftTable, writeNft } from './nft-text.ts'

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
  const tables = ['ip wg-quick-wg0', 'ip6 wg-quick-wg0', 'ip wg-quick-wg01', 'inet filter']
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

test('nft, or a program of iptables for each family', () => {
  expect(firewallWriter('nft').tool(6)).toBe('nft')
  const iptables = firewallWriter('iptables')
  expect([iptables.tool(4), iptables.tool(6)]).toEqual(['iptables-restore', 'ip6tables-restore'])
  expect(iptables.write(input)).toBe(writeIptables(input))
})

test.each<
  [string, { installed: string[]; nftStatus: number; style: 'wgq' | 'wg-quick' }, 'nft' | 'iptables']
>([
  ['both', { installed: ['nft', 'iptables-restore'], nftStatus: 0, style: 'wgq' }, 'nft'],
  ['nft alone', { installed: ['nft'], nftStatus: 1, style: 'wgq' }, 'nft'],
  ['iptables alone', { installed: ['iptables-restore'], nftStatus: 127, style: 'wgq' }, 'iptables'],
  [
    'a kernel without nf_tables',
    { installed: ['nft', 'iptables-restore'], nftStatus: 1, style: 'wgq' },
    'iptables',
  ],
  [
    'the same for upstream',
    { installed: ['nft', 'iptables-restore'], nftStatus: 1, style: 'wg-quick' },
    'nft',
  ],
])('the tool with %s', async (_, { installed, nftStatus, style }, tool) => {
  const dependencies = {
    find: (program: string) => (installed.includes(program) ? program : undefined),
    run: async () => ({ status: nftStatus, stdout: '' }),
  } as unknown as FilterTools
  expect(await chooseTool(dependencies, style)).toBe(tool)
})

test('a table of nft is named differently for every interface, and as upstream names it where that is valid', () => {
  const names = ['wg0', 'wg-0_a.b', 'wg=0', 'wg_3d0', 'wg+0', 'wg_2b0', 'a=b+c']
  expect(names.map(nftTable)).toEqual([
    'wg-quick-wg0',
    'wg-quick-wg-0_a.b',
    'wg-quick-wg/3d0',
    'wg-quick-wg_3d0',
    'wg-quick-wg/2b0',
    'wg-quick-wg_2b0',
    'wg-quick-a/3db/2bc',
  ])
})
