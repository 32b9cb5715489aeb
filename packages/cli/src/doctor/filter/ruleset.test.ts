// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { workspace } from '../../../../../test/support/workspace.ts'
import { readIptables } from './iptables-save.ts'
import { readNft } from './nft-json.ts'
import { droppingChain, type FilteredPacket } from './ruleset.ts'

const toPort = (destinationPort: number, iif = 'eth0'): FilteredPacket => ({
  hook: 'input',
  family: 4,
  iif,
  protocol: 'udp',
  destinationPort,
})
const through: FilteredPacket = { hook: 'forward', family: 4, iif: 'wg0', oif: 'eth0', protocol: 'tcp' }

describe('iptables', () => {
  const drops = (text: string, packet: FilteredPacket) => droppingChain(readIptables(text, 4), packet)?.title

  // Modelled on ufw's rules: chains before and after the administrator's own.
  const ufw = (own: string) => `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:before - [0:0]
:not-local - [0:0]
:own - [0:0]
:logging - [0:0]
:skip-to-policy - [0:0]
-A INPUT -j before
-A INPUT -p udp -m udp --dport 137 -j skip-to-policy
-A INPUT -m addrtype --dst-type BROADCAST -j skip-to-policy
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -p icmp -m icmp --icmp-type 8 -j ACCEPT
-A before -i lo -j ACCEPT
-A before -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A before -m conntrack --ctstate INVALID -j DROP
-A before -p udp -m udp --sport 67 --dport 68 -j ACCEPT
-A before -j not-local
-A before -d 224.0.0.251/32 -p udp -m udp --dport 5353 -j ACCEPT
-A before -j own
-A logging -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[A -j ACCEPT] "
-A not-local -m addrtype --dst-type LOCAL -j RETURN
-A not-local -m limit --limit 3/min --limit-burst 10 -j logging
-A not-local -j DROP
-A skip-to-policy -j DROP
-A own -p tcp -m tcp --dport 22 -j ACCEPT
${own}COMMIT
`
  test('a port that no rule opens is dropped by the policy, one that is open is not', () => {
    expect(drops(ufw(''), toPort(51820))).toBe('INPUT of iptables')
    expect(drops(ufw('-A own -p udp -m udp --dport 51820 -j ACCEPT\n'), toPort(51820))).toBeUndefined()
    expect(
      drops(ufw('-A own -p udp -m multiport --dports 53,51000:52000 -j ACCEPT\n'), toPort(51820)),
    ).toBeUndefined()
    expect(drops(ufw('-A own -i eth+ -j ACCEPT\n'), toPort(51820))).toBeUndefined()
    expect(drops(ufw('-A own -i wlan0 -j ACCEPT\n'), toPort(51820))).toBe('INPUT of iptables')
    expect(drops(ufw('-A own ! -i wlan0 -p udp -j ACCEPT\n'), toPort(51820))).toBeUndefined()
  })
  test('what depends on something that is not known is not said to be dropped', () => {
    expect(drops(ufw('-A own -s 203.0.113.0/24 -j ACCEPT\n'), toPort(51820))).toBeUndefined()
    expect(drops(ufw('-A own -m set --match-set friends src -j ACCEPT\n'), toPort(51820))).toBeUndefined()
  })
  test('a comment that looks like a rule is none', () => {
    const text = ufw('-A own -p tcp -m comment --comment "-p udp -j ACCEPT" -j ACCEPT\n')
    expect(drops(text, toPort(51820))).toBe('INPUT of iptables')
  })

  const docker = (user: string) => `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
${user}-A DOCKER-USER -j RETURN
COMMIT
`
  test('the policy that Docker sets, and its repair', () => {
    expect(drops(docker(''), through)).toBe('FORWARD of iptables')
    expect(drops(docker('-A DOCKER-USER -i wg0 -j ACCEPT\n'), through)).toBeUndefined()
    expect(drops(docker(''), toPort(51820))).toBeUndefined()
  })
})

const hasNft = spawnSync('unshare', ['-n', 'nft', 'list', 'ruleset']).status === 0

describe.skipIf(!hasNft)('nft', () => {
  /** The kernel's listing of a rule set, from a separate network namespace. */
  const loaded = (rules: string) => {
    const done = spawnSync(
      'unshare',
      ['-n', 'sh', '-c', 'ip link set lo up; nft -f - && nft -j list ruleset'],
      {
        input: rules,
        encoding: 'utf8',
      },
    )
    expect(done.stderr).toBe('')
    return readNft(done.stdout)
  }
  const drops = (rules: string, packet: FilteredPacket) => droppingChain(loaded(rules).chains, packet)?.title
  const server = (own: string, policy = 'drop') => `table inet filter {
  set open { type inet_service; elements = { 22, 80 }; }
  chain input {
    type filter hook input priority 0; policy ${policy};
    iifname "lo" accept
    ct state vmap { established : accept, related : accept, invalid : drop }
    meta l4proto { icmp, ipv6-icmp } accept
    tcp dport @open accept
    ${own}
  }
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state established,related accept
    iifname { "eth0", "eth1" } oifname "wg0" accept
  }
}`
  test('an input chain with the policy drop', () => {
    expect(drops(server(''), toPort(51820))).toBe('chain input of table inet filter')
    expect(drops(server('udp dport { 53, 51000-52000 } accept'), toPort(51820))).toBeUndefined()
    expect(drops(server('udp dport 51820 accept'), toPort(51820))).toBeUndefined()
    expect(drops(server('udp dport != 51820 accept'), toPort(51820))).toBe('chain input of table inet filter')
    expect(drops(server('ip saddr 203.0.113.0/24 accept'), toPort(51820))).toBeUndefined()
    expect(drops(server('', 'accept'), toPort(51820))).toBeUndefined()
  })
  test('a forward chain that lets the other direction through', () => {
    expect(drops(server(''), through)).toBe('chain forward of table inet filter')
  })
  // Modelled on firewalld's rules: a zone is a chain that ends in a refusal.
  test('a zone that does not have the port', () => {
    const zones = (own: string) => `table inet firewalld {
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept
    ct status dnat accept
    iifname "lo" accept
    ct state invalid drop
    jump zones
    reject with icmpx admin-prohibited
  }
  chain zones { iifname "eth0" goto public; goto public; }
  chain public { jump public_allow; meta l4proto { icmp, ipv6-icmp } accept; reject with icmpx admin-prohibited; }
  chain public_allow { tcp dport 22 accept; ${own} }
}`
    expect(drops(zones(''), toPort(51820))).toBe('chain filter_INPUT of table inet firewalld')
    expect(drops(zones('udp dport 51820 accept;'), toPort(51820))).toBeUndefined()
  })
})

// Kernels without nf_flow_table reject flowtables, so use the output of nft 1.0.6.
test('flowtables with their interfaces, one or many', () => {
  const flowtable = (dev: string | string[]) => ({
    flowtable: { family: 'inet', name: 'ft', table: 'f', handle: 1, hook: 'ingress', prio: 0, dev },
  })
  const { flowtables } = readNft(JSON.stringify({ nftables: [flowtable('wg0'), flowtable(['eth0', 'wg0'])] }))
  expect(flowtables).toEqual([
    { title: 'flowtable ft of table inet f', interfaces: ['wg0'] },
    { title: 'flowtable ft of table inet f', interfaces: ['eth0', 'wg0'] },
  ])
})

const firewalls = join(workspace, 'test/fixtures/firewalls')
describe('rule sets of programs, as they load them', () => {
  const firewalld = (more: string) => {
    const script = `nft -f '${firewalls}/firewalld-1.3.nft' && ${more}; nft -j list ruleset`
    return readNft(spawnSync('unshare', ['-n', 'sh', '-c', script], { encoding: 'utf8' }).stdout).chains
  }
  const opened = (rule: string) => firewalld(`nft add rule inet firewalld filter_IN_public_allow ${rule}`)

  test.skipIf(!hasNft)('firewalld', () => {
    for (const family of [4, 6] as const) {
      const packet = { ...toPort(51820), family }
      expect(droppingChain(firewalld('true'), packet)?.title).toContain('table inet firewalld')
      expect(droppingChain(opened('udp dport 51820 accept'), packet)).toBeUndefined()
      expect(droppingChain(opened('udp dport 51821 accept'), packet)).toBeDefined()
      expect(droppingChain(opened('tcp dport 51820 accept'), packet)).toBeDefined()
      expect(droppingChain(opened('icmpv6 type 128 accept'), packet)).toBeDefined()
      // The sender is unknown.
      const source = family === 4 ? 'ip saddr 203.0.113.0/24' : 'ip6 saddr 2001:db8::/32'
      expect(droppingChain(opened(`${source} accept`), packet)).toBeUndefined()
      const ofTheOther = family === 6 ? 'ip saddr 203.0.113.0/24' : 'ip6 saddr 2001:db8::/32'
      expect(droppingChain(opened(`${ofTheOther} accept`), packet)).toBeDefined()
    }
    expect(droppingChain(firewalld('true'), through)?.title).toContain('filter_FORWARD')
  })

  test('ufw', () => {
    for (const [family, name] of [
      [4, 'ufw-0.36.rules'],
      [6, 'ufw-0.36.rules6'],
    ] as const) {
      const text = readFileSync(join(firewalls, name), 'utf8')
      const own = `-A ufw${family === 6 ? '6' : ''}-user-input -p udp -m udp --dport 51820 -j ACCEPT\nCOMMIT`
      const packet = { ...toPort(51820), family }
      expect(droppingChain(readIptables(text, family), packet)?.title).toContain('INPUT of ip')
      expect(droppingChain(readIptables(text.replace(/COMMIT\s*$/, own), family), packet)).toBeUndefined()
      expect(droppingChain(readIptables(text, family), { ...through, family })?.title).toContain(
        'FORWARD of ip',
      )
    }
  })
})
