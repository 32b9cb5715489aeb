// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Cidr, parseCidr } from '@wgq/model/cidr'
import type { Host } from '@wgq/model/host'
import { describe, expect, test } from 'vitest'
import { gatewayOffCalls, gatewayOnCalls, hasGateway } from './act.ts'
import { forwardingNeeds, planForwarding, stillNeeded } from './forwarding.ts'
import { readForwardChains } from './nft-chains.ts'
import { droppingChain } from './saved-rules.ts'
import { gatewayWanted } from './wanted.ts'

const fixture = (name: string): string => readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8')
const wanted = { masquerade: 'auto', inward: false }
const networks = ['10.8.0.0/24', 'fd08::/64']

/** A machine that has these programs, which print these texts. */
const machine = (answers: Readonly<Record<string, string>>) => ({
  find: (program: string) =>
    Object.keys(answers).some((line) => line.startsWith(program)) ? program : undefined,
  run: async (program: string, args: readonly string[]) => {
    const stdout = answers[[program, ...args].join(' ')]
    return { status: stdout === undefined ? 1 : 0, stdout: stdout ?? '' }
  },
  readSysctl: () => '0',
})
const nothing = '*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n'
const withNft = (ruleset: string, saved = nothing, saved6 = nothing) =>
  machine({
    'nft list tables': '',
    'nft -j -t list ruleset': ruleset,
    'iptables-save ': saved,
    'iptables-save': saved,
    'ip6tables-save': saved6,
    'iptables-restore': '',
  })

describe('what a file asks for', () => {
  const read = (lines: string) => gatewayWanted(`[Interface]\nMTU = 1\n${lines}\n[Peer]\n`, 'wg0.conf')
  test.each([
    ['', undefined],
    ['# Masquerade = auto', { masquerade: 'auto', inward: false }],
    ['#masquerade=on\n# Forward = on', { masquerade: 'auto', inward: true }],
    ['# Masquerade = eth0.7', { masquerade: 'eth0.7', inward: false }],
    ['# Masquerade = off\n# Forward = yes', { inward: true }],
    ['# Masquerade = auto\n# Masquerade = off', undefined],
  ])('%j', (lines, expected) => expect(read(lines)).toEqual(expected))
  test('an uplink that could end the rule is refused, with its line', () => {
    expect(() => read('# Masquerade = a"b')).toThrow(
      expect.objectContaining({ code: 'E_VALUE', at: { file: 'wg0.conf', line: 3, column: 1 } }),
    )
  })
})

describe('where it is accepted', () => {
  test('in Docker’s chain for others, in FORWARD of ufw, nowhere while nothing drops', () => {
    expect(droppingChain(fixture('docker-20.10.txt'))).toBe('DOCKER-USER')
    expect(droppingChain(fixture('ufw-0.36.txt'))).toBe('FORWARD')
    expect(droppingChain(nothing)).toBeUndefined()
    expect(droppingChain('')).toBeUndefined()
    // Some distributions close the chain with a rule; a rule for a single interface does not close it.
    const rule = (text: string) => `*filter\n:FORWARD ACCEPT [0:0]\n${text}\nCOMMIT\n`
    expect(droppingChain(rule('-A FORWARD -j REJECT --reject-with icmp-host-prohibited'))).toBe('FORWARD')
    expect(droppingChain(rule('-A FORWARD -i eth1 -j DROP'))).toBeUndefined()
    // Docker keeps the policy if forwarding was on before.
    expect(
      droppingChain(fixture('docker-20.10.txt').replace(':FORWARD DROP', ':FORWARD ACCEPT')),
    ).toBeUndefined()
  })

  test('in the chain of firewalld, which rejects with its last rule', () => {
    expect(readForwardChains('wg0', fixture('firewalld-1.3.json')).dropping).toEqual([
      { chain: 'inet firewalld filter_FORWARD', ours: 0 },
    ])
    expect(readForwardChains('wg0', 'no json').dropping).toEqual([])
  })

  test('beside ufw and firewalld: on top of their chains, answers only unless peers may be called', async () => {
    const calls = await gatewayOnCalls(
      withNft(fixture('firewalld-1.3.json'), fixture('ufw-0.36.txt')),
      'wg0',
      wanted,
      networks,
    )
    expect(calls.map(({ program }) => program)).toEqual(['nft', 'iptables-restore'])
    expect(calls[0]?.input).toContain('iifname "wg0" oifname != "wg0" masquerade\n')
    expect(calls[0]?.input).toContain(
      'insert rule inet firewalld filter_FORWARD oifname "wg0" ct state established,related accept comment "wgq wg0"\ninsert rule inet firewalld filter_FORWARD iifname "wg0" accept comment "wgq wg0"\n',
    )
    expect(calls[1]?.input).toBe(
      '*filter\n-I FORWARD 1 -o wg0 -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "wgq wg0" -j ACCEPT\n-I FORWARD 1 -i wg0 -m comment --comment "wgq wg0" -j ACCEPT\nCOMMIT\n',
    )
  })

  test('without nft all of it is in iptables, for the families of the interface', async () => {
    const tools = machine({
      'iptables-save': fixture('docker-20.10.txt'),
      'ip6tables-save': nothing,
      'iptables-restore': '',
    })
    const calls = await gatewayOnCalls(tools, 'wg0', { masquerade: 'eth0', inward: true }, ['10.8.0.0/24'])
    expect(calls).toHaveLength(1)
    expect(calls[0]?.input).toContain('-I DOCKER-USER 1 -o wg0 -m comment --comment "wgq wg0" -j ACCEPT\n')
    expect(calls[0]?.input).toContain(
      '*nat\n-A POSTROUTING -s 10.8.0.0/24 -o eth0 -m comment --comment "wgq wg0" -j MASQUERADE\nCOMMIT\n',
    )
    expect(calls[0]?.input.match(/--clamp-mss-to-pmtu/g)).toHaveLength(2)
  })
})

describe('what is there', () => {
  const own =
    '-A FORWARD -i wg0 -m comment --comment "wgq wg0" -j ACCEPT\n-A FORWARD -o wg0 -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "wgq wg0" -j ACCEPT\n'
  const ufw = fixture('ufw-0.36.txt')
  const accepted = ufw.replace('-A FORWARD', `${own}-A FORWARD`)
  const table = `table inet wgq-nat-wg0 {
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		iifname "wg0" oifname != "wg0" masquerade
	}

	chain forward {
		type filter hook forward priority mangle; policy accept;
		iifname "wg0" tcp flags syn / syn,rst tcp option maxseg size set rt mtu
		oifname "wg0" tcp flags syn / syn,rst tcp option maxseg size set rt mtu
	}
}
`
  const live = (saved: string, listed = table) => ({
    ...machine({
      'nft list tables': 'table inet wgq-nat-wg0\n',
      'nft list table inet wgq-nat-wg0': listed,
      'nft -j -t list ruleset': '{"nftables":[]}',
      'iptables-save': saved,
      'ip6tables-save': nothing,
    }),
  })

  test('whole, or a rule is missing, whoever took it', async () => {
    expect(await hasGateway(live(accepted), 'wg0', wanted, networks)).toBe(true)
    expect(await hasGateway(live(ufw), 'wg0', wanted, networks)).toBe(false)
    expect(
      await hasGateway(live(accepted, table.replace(/.*masquerade\n/, '')), 'wg0', wanted, networks),
    ).toBe(false)
    expect(await hasGateway(live(accepted), 'wg0', { masquerade: 'eth0', inward: false }, networks)).toBe(
      false,
    )
  })

  test('taken away: our table and our rules, nobody else’s, nothing where nothing is', async () => {
    const calls = await gatewayOffCalls(
      live(accepted.replaceAll('wgq wg0', 'wgq wg0') + accepted.replaceAll('wg0', 'wg1')),
      'wg0',
    )
    expect(calls.map(({ input }) => input)).toEqual([
      'add table inet wgq-nat-wg0\ndelete table inet wgq-nat-wg0\n',
      `*filter\n${own.replaceAll('-A ', '-D ')}COMMIT\n`,
    ])
    expect(await gatewayOffCalls(withNft('{}', ufw), 'wg0')).toEqual([])
  })
})

describe('forwarding', () => {
  const host = (routes: object[] = [], links: string[] = []) =>
    ({ routes: async () => routes, links: async () => links.map((name) => ({ name })) }) as unknown as Host
  const addresses = ['10.8.0.1/24', 'fd08::1/64'].map((text) => ({ cidr: parseCidr(text) as Cidr }))
  const everything = { family: 6, dst: parseCidr('::/0') as Cidr, table: 254 }

  test('of the families of the interface; an uplink that lives on router advertisements goes on with them', async () => {
    const dependencies = { host: host([{ ...everything, dev: 'eth0', protocol: 9 }]), readSysctl: () => '1' }
    expect(await forwardingNeeds(dependencies, addresses)).toEqual([
      { key: 'net.ipv4.ip_forward', value: '1' },
      { key: 'net/ipv6/conf/eth0/accept_ra', value: '2' },
      { key: 'net.ipv6.conf.all.forwarding', value: '1' },
    ])
    const plain = { host: host([{ ...everything, dev: 'eth0', protocol: 3 }]), readSysctl: () => '0' }
    expect(await forwardingNeeds(plain, addresses.slice(0, 1))).toEqual([
      { key: 'net.ipv4.ip_forward', value: '1' },
    ])
    expect((await forwardingNeeds(plain, addresses)).map(({ key }) => key)).not.toContain(
      'net/ipv6/conf/eth0/accept_ra',
    )
  })

  test('the value before the first of several tunnels goes on to the last one', async () => {
    const need = [{ key: 'net.ipv4.ip_forward', value: '1' }]
    const first = planForwarding({ readSysctl: () => '0' }, need, [])
    expect(first).toEqual([{ do: 'forwarding.set', key: 'net.ipv4.ip_forward', value: '1', previous: '0' }])
    const noted = [{ do: 'forwarding.unset', key: 'net.ipv4.ip_forward', value: '0' }] as const
    expect(planForwarding({ readSysctl: () => '1' }, need, noted)).toEqual(first)
    // A setting of another program is not restored.
    expect(planForwarding({ readSysctl: () => '1' }, need, [])).toEqual([])
    expect(await stillNeeded({ host: host() }, 'net.ipv4.ip_forward', noted)).toBe('another tunnel')
    expect(await stillNeeded({ host: host([], ['eth0', 'docker0']) }, 'net.ipv4.ip_forward', [])).toBe(
      'docker0',
    )
    expect(await stillNeeded({ host: host([], ['eth0']) }, 'net.ipv4.ip_forward', [])).toBeUndefined()
  })
})
