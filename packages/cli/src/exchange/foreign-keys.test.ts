// SPDX-License-Identifier: MIT
// For each key of other programs without an equivalent in wg-quick: the resulting file, or the sentence about its loss.
import { WgqError } from '@wgq/model/error'
import { describe, expect, test } from 'vitest'
import { printNetworkManager } from './network-manager.ts'
import { printNetworkd } from './networkd.ts'
import { readNetworkManager } from './read-network-manager.ts'
import { readNetworkd } from './read-networkd.ts'
import { readTunnel } from './read-tunnel.ts'
import { printTunnel } from './tunnel.ts'

const key = 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo='
const peer = 'Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k='

type Row = readonly [section: string, lines: string, says: string | undefined, lost: RegExp | undefined]

const refusalOf = (read: () => unknown): WgqError => {
  try {
    read()
  } catch (error) {
    if (error instanceof WgqError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

const netdev = (section: string, lines: string) =>
  [
    'NetDev\nName=wg0\nKind=wireguard',
    `WireGuard\nPrivateKey=${key}`,
    `WireGuardPeer\nPublicKey=${peer}\nAllowedIPs=10.0.0.0/8`,
  ]
    .map((text) => `[${text}\n${text.startsWith(`${section}\n`) ? `${lines}\n` : ''}`.replace('\n', ']\n'))
    .join('')
const network = (section: string, lines: string) =>
  `[Match]\nName=wg0\n[Network]\nAddress=10.9.0.2/24\n${section === 'Network' ? '' : `[${section}]\n`}${lines}\n`

describe('networkd', () => {
  const rows: Row[] = [
    ['WireGuardPeer', 'AllowedIPs=\nAllowedIPs=192.0.2.0/24', 'AllowedIPs = 192.0.2.0/24', undefined],
    [
      'WireGuardPeer',
      'AllowedIPs=10.1.0.9/16,\\\n# between\n  10.2.0.0/16',
      'AllowedIPs = 10.0.0.0/8, 10.1.0.0/16, 10.2.0.0/16',
      undefined,
    ],
    ['WireGuardPeer', 'PersistentKeepalive=off', undefined, undefined],
    ['WireGuardPeer', 'PresharedKey=@psk', undefined, /PresharedKey=@psk: a credential/],
    [
      'WireGuardPeer',
      'PresharedKeyFile=/etc/psk',
      `PostUp = wg set %i peer ${peer} preshared-key /etc/psk`,
      undefined,
    ],
    ['WireGuardPeer', 'PublicKeyFile=/x', undefined, /PublicKeyFile=\/x/],
    ['WireGuardPeer', 'RouteTable=off', undefined, /RouteTable=off/],
    ['WireGuardPeer', 'RouteMetric=5', undefined, /RouteMetric=5/],
    ['WireGuardPeer', 'Endpoint=[fe80::1%up0]:51820', 'Endpoint = [fe80::1%up0]:51820', undefined],
    ['WireGuard', 'PrivateKey=@wg.key', undefined, /PrivateKey=@wg.key: a credential/],
    ['WireGuard', 'PrivateKeyFile=/etc/wg.key', 'PostUp = wg set %i private-key /etc/wg.key', undefined],
    ['WireGuard', 'ListenPort=auto', undefined, undefined],
    ['WireGuard', 'FirewallMark=0x10', 'FwMark = 16', undefined],
    ['WireGuard', 'RouteTable=1234', 'Table = 1234', undefined],
    ['WireGuard', 'RouteMetric=100', undefined, /RouteMetric=100/],
    ['NetDev', 'MTUBytes=1300', 'MTU = 1300', undefined],
    ['NetDev', 'MACAddress=02:00:00:00:00:01', undefined, /MACAddress/],
    ['Link', 'MTUBytes=1300', 'MTU = 1300', undefined],
    ['Link', 'MTUBytes=1K', 'MTU = 1024', undefined],
    ['Link', 'ARP=no', undefined, /ARP=no/],
    ['Network', 'DNS=1.1.1.1:853%wg0#name', 'DNS = 1.1.1.1', /DNS=1.1.1.1:853%wg0#name: :853%wg0#name/],
    ['Network', 'DNS=[2606:4700::1]:53', 'DNS = 2606:4700::1', /: :53 is not/],
    ['Network', 'DNS=fe80::1%eth0', 'DNS = fe80::1', /%eth0/],
    ['Network', 'DNS=1.1.1.1\nDNS=\nDNS=9.9.9.9', 'DNS = 9.9.9.9', undefined],
    [
      'Network',
      'DNS=9.9.9.9\nDomains=~corp.example a.example',
      'DNS = 9.9.9.9, ~corp.example, a.example',
      undefined,
    ],
    // These servers resolve every name, including those of corp.example.
    ['Network', 'DNS=9.9.9.9\nDomains=~. ~corp.example a.example', 'DNS = 9.9.9.9, a.example', undefined],
    ['Network', 'Domains=a.example', undefined, /search domains a.example/],
    ['Network', 'Address=10.9.0.2/24\nAddress=10.9.0.2/24', 'Address = 10.9.0.2/24', undefined],
    ['WireGuardPeer', 'AllowedIPs=10.0.0.0/8, 10.7.0.0/8', 'AllowedIPs = 10.0.0.0/8', undefined],
    ['Network', 'Address=10.9.0.3', 'Address = 10.9.0.2/24, 10.9.0.3/32', /10.9.0.3: its prefix length/],
    ['Network', 'Address=10.9.0.3/32\nwords', undefined, /^line 6 of wg0.network: it has no "KEY="/],
    ['Network', 'IPMasquerade=both', undefined, /IPMasquerade=both/],
    ['Network', 'Gateway=10.9.0.1', undefined, /Gateway=10.9.0.1/],
    ['Network', 'DNSOverTLS=yes', undefined, /DNSOverTLS=yes/],
    ['Network', 'DNSDefaultRoute=no', undefined, /DNSDefaultRoute=no/],
    ['Network', 'IPv4Forwarding=yes', undefined, /IPv4Forwarding=yes/],
    ['Address', 'Address=10.9.0.7/24\nPeer=10.9.0.8', 'Address = 10.9.0.2/24, 10.9.0.7/24', /Peer=10.9.0.8/],
    [
      'Route',
      'Destination=10.99.0.0/16\nGateway=10.9.0.1',
      undefined,
      /\[Route\] Destination=10.99.0.0\/16 Gateway=10.9.0.1/,
    ],
    ['RoutingPolicyRule', 'From=10.9.0.0/24\nTable=77', undefined, /\[RoutingPolicyRule\] From/],
    ['DHCPv4', 'UseDNS=no', undefined, /\[DHCPv4\] UseDNS=no/],
  ]
  test.each(rows)('[%s] %j', (section, lines, says, lost) => {
    const isNetdev = ['NetDev', 'WireGuard', 'WireGuardPeer'].includes(section)
    const read = readNetworkd(
      { path: 'wg0.netdev', text: isNetdev ? netdev(section, lines) : netdev('', '') },
      { path: 'wg0.network', text: isNetdev ? network('Network', '') : network(section, lines) },
    )
    if (says !== undefined) expect(printTunnel(read.result).split('\n')).toContain(says)
    expect(read.lost).toEqual(lost === undefined ? [] : [expect.stringMatching(lost)])
  })
})

describe('a unit of networkd', () => {
  const read = (network: string) =>
    readNetworkd(
      { path: 'wg0.netdev', text: netdev('', '') },
      { path: 'wg0.network', text: network.replaceAll('|', '\n') },
    )

  test.each([
    ['[Match]|Name=wg1 wg2', '2:6: The .network of wg0'],
    ['[Match]|Name=wg0|[Network] # comment|Address=10.9.0.2/24', '3:1: A line [SECTION]'],
    ['[Match]|Name=wg0|[Link]|MTUBytes=64K', '4:10: A number from 68'],
    ['[Match]|Name=wg0|[Link]|MTUBytes=0K', '4:10: A number from 68'],
  ])('%s is refused with its place', (network, says) => {
    const { message, at } = refusalOf(() => read(network))
    expect(`${at?.line}:${at?.column}: ${message}`).toContain(says)
  })

  test('a name that no interface has is the fault, not that of the .network', () => {
    const text = netdev('', '').replace('Name=wg0', 'Name=w g')
    const { message, at } = refusalOf(() =>
      readNetworkd({ path: 'a', text }, { path: 'b', text: network('Network', '') }),
    )
    expect([at?.file, message]).toEqual(['a', expect.stringContaining('found "w g"')])
  })

  test.each(['Name=wg1 wg0', 'Name=wg*', 'Name=!eth0', 'Name=wg1|Name=|Name=wg0', 'Kind=wireguard'])(
    '[Match] %s may be that of wg0',
    (match) => {
      expect(read(`[Match]|${match}|[Network]|Address=10.9.0.2/24`).result.addresses).toHaveLength(1)
    },
  )

  test('a line above the first section is lost', () => {
    expect(read('A=b|[Match]|Name=wg0').lost).toEqual([
      'line 1 of wg0.network: it is above the first section',
    ])
  })
})

describe('NetworkManager', () => {
  const profile = (section: string, lines: string) =>
    [
      'connection]\nid=wg0\ntype=wireguard\ninterface-name=wg0',
      `wireguard]\nprivate-key=${key}`,
      `wireguard-peer.${peer}]\nallowed-ips=0.0.0.0/0;`,
      `ipv4]\nmethod=manual\naddress1=10.9.0.2/24${section === 'ipv4' ? `\n${lines}` : ''}`,
      'ipv6]\nmethod=ignore',
    ]
      .map((text) => (text.startsWith(`${section}]`) && section !== 'ipv4' ? `${text}\n${lines}` : text))
      .map((text) => `[${text}\n`)
      .join('')
  const rows: Row[] = [
    ['wireguard', 'ip4-auto-default-route=0', 'Table = main', undefined],
    ['wireguard', 'peer-routes=false', 'Table = off', undefined],
    ['wireguard', 'fwmark=0x33', 'FwMark = 51', undefined],
    ['wireguard', 'mtu=1300', 'MTU = 1300', undefined],
    ['ipv4', 'never-default=true', 'Table = off', undefined],
    ['ipv4', 'route-table=77', 'Table = 77', undefined],
    ['ipv4', 'route-metric=5', undefined, /route-metric=5/],
    ['ipv4', 'address2=10.9.0.3', 'Address = 10.9.0.2/24, 10.9.0.3/24', undefined],
    ['ipv4', 'address2=10.9.0.3/24,10.9.0.1', undefined, /the gateway 10.9.0.1/],
    ['ipv4', 'route1=10.99.0.0/16,10.9.0.1,5\nroute1_options=table=7', undefined, /1 routes of \[ipv4\]/],
    ['ipv4', 'routing-rule1=priority 5 from 10.9.0.0/24 table 7', undefined, /1 rules of \[ipv4\]/],
    ['ipv4', 'dns=10.9.0.1;\ndns-search=~corp.example;', 'DNS = 10.9.0.1, ~corp.example', undefined],
    ['ipv4', 'dns=10.9.0.1;\ndns-search=~;\ndns-priority=-50', 'DNS = 10.9.0.1', undefined],
    ['ipv4', 'dns=10.9.0.1;\ndns-priority=20', 'DNS = 10.9.0.1', /dns-priority=20/],
    ['ipv4', 'dns=dns+tls://10.9.0.1#name;', 'DNS = 10.9.0.1', /port, transport and name/],
    ['ipv4', 'address2=10.9.0.2/24', 'Address = 10.9.0.2/24', undefined],
    ['ipv4', 'dns=10.9.0.1:853;', 'DNS = 10.9.0.1', /dns=10.9.0.1:853: port/],
    ['ipv4', 'dns=dns+udp://10.9.0.1:53;', 'DNS = 10.9.0.1', /port, transport and name/],
    ['ipv4', 'dns=dns+tls://[2606:4700::1]:853#name;', 'DNS = 2606:4700::1', /port, transport and name/],
    ['ipv4', 'dns=2606:4700::1;', 'DNS = 2606:4700::1', undefined],
    ['wireguard', 'mtu=0', undefined, undefined],
    ['wireguard', '; words', undefined, undefined],
    ['ipv4', 'dns-options=rotate;', undefined, /dns-options=rotate/],
    ['connection', 'zone=trusted', undefined, /zone=trusted/],
    ['connection', 'permissions=user:anna:;', undefined, /permissions=user:anna/],
    ['connection', 'secondaries=8ad5;', undefined, /secondaries/],
  ]
  test.each(rows)('[%s] %j', (section, lines, says, lost) => {
    const read = readNetworkManager(profile(section, lines), 'wg0.nmconnection')
    if (says !== undefined) expect(printTunnel(read.result).split('\n')).toContain(says)
    expect(read.lost).toEqual(lost === undefined ? [] : [expect.stringMatching(lost)])
  })

  test.each([
    ['wireguard', 'mtu=20', '7:5: A number from 68 to 65535'],
    ['wireguard', 'words', '7:1: A line [SECTION], KEY=VALUE'],
    ['wireguard', ' =x', '7:2: A line [SECTION], KEY=VALUE'],
    ['ipv4', '[ipv6] # comment\naddress1=fd09::2/64', '12:1: A line [SECTION], KEY=VALUE'],
    ['ipv4', '[wireguard-peer.Mm3d]', '12:17: A key of 44 base64 characters'],
  ])('[%s] %s is refused with its place', (section, lines, says) => {
    const { message, at } = refusalOf(() => readNetworkManager(profile(section, lines), 'f'))
    expect(`${at?.line}:${at?.column}: ${message}`).toContain(says)
  })

  test('a line above the first section is refused', () => {
    const { at } = refusalOf(() => readNetworkManager(`id=x\n${profile('', '')}`, 'f'))
    expect(at).toEqual({ file: 'f', line: 1, column: 1 })
  })

  test.each(['link-local', 'shared'])('method=%s', (method) => {
    const text = profile('', '').replace('method=manual', `method=${method}`)
    expect(readNetworkManager(text, 'f').lost).toEqual([expect.stringContaining(`method=${method}`)])
  })
})

test('a table that nobody else knows the number of gets no routes, least of all in the main table', async () => {
  const text = `[Interface]\nAddress = 10.9.0.2/24\nFwMark = 51820\nTable = office\n[Peer]\nPublicKey = ${peer}\nAllowedIPs = 0.0.0.0/0\n`
  const { result: tunnel } = await readTunnel('wg0', text, 'wg0.conf')
  const networkd = printNetworkd(tunnel)
  expect(networkd.result.netdev).toContain('RouteTable=off\n')
  const manager = printNetworkManager(tunnel)
  expect(manager.result).toContain('peer-routes=false\n')
  for (const { lost } of [networkd, manager]) expect(lost.join()).toMatch(/Table = office.*no routes/)
})

test.each([
  [
    '10.9.0.2/24, fd09::2/64',
    ['Table = 1234: NetworkManager puts the routes of the addresses, 10.9.0.0/24, fd09::/64, into it too'],
  ],
  ['10.9.0.2/32, fd09::2/128', []],
])('NetworkManager has one table for the routes of a profile: %s', async (addresses, says) => {
  const text = `[Interface]\nAddress = ${addresses}\nTable = 1234\n[Peer]\nPublicKey = ${peer}\nAllowedIPs = 10.20.0.0/16\n`
  const { result: tunnel } = await readTunnel('wg0', text, 'wg0.conf')
  expect(printNetworkManager(tunnel).lost).toEqual(says)
})
