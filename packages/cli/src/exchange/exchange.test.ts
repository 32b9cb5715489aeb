// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest'
import { printNetworkManager } from './network-manager.ts'
import { printNetworkd } from './networkd.ts'
import { readNetworkManager } from './read-network-manager.ts'
import { readNetworkd } from './read-networkd.ts'
import { readTunnel } from './read-tunnel.ts'
import { printTunnel } from './tunnel.ts'

const own = 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo='
const phone = 'Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k='

const full = `[Interface]
PrivateKey = ${own}
Address = 10.0.0.2/24, fd00:1::2/64
DNS = 10.0.0.1, fd00::1, corp.example
MTU = 1380

[Peer]
PublicKey = ${phone}
PresharedKey = ${own}
AllowedIPs = 0.0.0.0/0, ::/0
Endpoint = [2001:db8::1]:51820
PersistentKeepalive = 25
`
const read = async (text: string) => (await readTunnel('wg0', text, 'wg0.conf')).result
const keyfile = (text: string) => readNetworkManager(text, 'wg0.nmconnection')
const units = (netdev: string, network: string) =>
  readNetworkd({ path: 'wg0.netdev', text: netdev }, { path: 'wg0.network', text: network })

test('a configuration read and printed again is the same', async () => {
  expect(printTunnel(await read(full))).toBe(full)
})

test('says what no other format has', async () => {
  const text = `${full.replace('MTU', 'PostUp = a\nSaveConfig = true\nMTU')}# Name = phone\n`
  const { lost } = await readTunnel('wg0', text, 'wg0.conf')
  expect(lost.map((line) => line.split(/[:, ]/)[0])).toEqual(['PreUp', 'SaveConfig'])
})

test('says what only wgq has', async () => {
  const text = full
    .replace('DNS', '# KillSwitch = on\n# ReplyOutside = off\n# ClientDNS = 9.9.9.9\n# Comment = free\nDNS')
    .replace('PublicKey', '# Name = phone\n# Expires = 2031-01-31\nPublicKey')
  const { lost } = await readTunnel(
    'wg0',
    `${text}\n#[disabled] [Peer]\n#[disabled] PublicKey = ${own}\n`,
    'a',
  )
  expect(lost).toEqual([
    'KillSwitch, ClientDNS: comments that only wgq reads',
    'Expires of phone: such a peer stays for ever',
    '1 disabled peer: left out',
  ])
})

test('no part of a key in DNS is taken for a domain or shown', async () => {
  const [half, rest] = ['eHV2d3h5emFiY2RlZmdo', 'aWprbG1ub3BxcnN0dXZ3eHk=']
  const text = full.replace(/^DNS = .*$/m, `DNS = 10.0.0.1, ${half} ${rest}, corp.example`)
  const { result, lost } = await readTunnel('wg0', text, 'a')
  expect(result.dnsSearch).toEqual(['corp.example'])
  expect(lost).toEqual(['DNS (hidden): it is not a domain', 'DNS (hidden): it is not a domain'])
})

describe('NetworkManager', () => {
  test('gets a keyfile', async () => {
    const { result, lost } = printNetworkManager(await read(full))
    expect(lost).toEqual([])
    expect(result.replace(/uuid=.*/, 'uuid=')).toBe(`[connection]
id=wg0
uuid=
type=wireguard
interface-name=wg0

[wireguard]
private-key=${own}
mtu=1380

[wireguard-peer.${phone}]
endpoint=[2001:db8::1]:51820
preshared-key=${own}
preshared-key-flags=0
persistent-keepalive=25
allowed-ips=0.0.0.0/0;::/0;

[ipv4]
address1=10.0.0.2/24
dns=10.0.0.1;
dns-priority=-50
dns-search=corp.example;
method=manual

[ipv6]
address1=fd00:1::2/64
dns=fd00::1;
dns-priority=-50
dns-search=corp.example;
method=manual
`)
    expect(printNetworkManager(await read(full)).result).toBe(result)
  })

  test('a profile of its own is read, gateways and agents too', () => {
    const profile = `# by hand
[connection]
id=Office #1
type=wireguard
interface-name=office

[wireguard]
private-key-flags=1
listen-port=51821
peer-routes=false

[wireguard-peer.${phone}]
allowed-ips=10.7.0.0/16;10.8.0.0/16;
persistent-keepalive=0

[ipv4]
address1=10.0.0.2/24,10.0.0.1
dns=10.0.0.1;10.0.0.3;
dns-search=~;
method=manual
route1=192.168.0.0/16
`
    const { result, lost } = keyfile(profile)
    expect(printTunnel(result)).toBe(
      '[Interface]\nListenPort = 51821\nAddress = 10.0.0.2/24\nDNS = 10.0.0.1, 10.0.0.3\nTable = off\n\n' +
        `[Peer]\nPublicKey = ${phone}\nAllowedIPs = 10.7.0.0/16, 10.8.0.0/16\n`,
    )
    expect(result.name).toBe('office')
    expect(lost).toEqual([
      'the private key: it is not in the file but with a secret agent',
      'the gateway 10.0.0.1 of [ipv4]: a tunnel has none',
      '1 routes of [ipv4]: write them as PostUp hooks',
    ])
  })

  test('another type of connection is refused', () => {
    expect(() => keyfile('[connection]\ntype=wifi\n')).toThrow(expect.objectContaining({ code: 'E_IMPORT' }))
  })
})

describe('networkd', () => {
  test('gets two units and, for a full tunnel, the rules of wg-quick', async () => {
    const { netdev, network } = printNetworkd(await read(full)).result
    expect(netdev).toContain(
      `[WireGuard]\nPrivateKey=${own}\nFirewallMark=51820\nRouteTable=51820\n\n[WireGuardPeer]\n`,
    )
    expect(network).toContain(
      'Domains=corp.example ~.\n\n[RoutingPolicyRule]\nSuppressPrefixLength=0\nTable=main\n',
    )
    expect(network).toContain('FirewallMark=51820\nInvertRule=true\nTable=51820\n')
  })

  test.each([
    ['', 'RouteTable=main'],
    ['Table = off', 'RouteTable=off'],
    ['Table = 1234', 'RouteTable=1234'],
  ])('%j becomes %s', async (line, expected) => {
    const { netdev, network } = printNetworkd(
      await read(`[Interface]\n${line}\n[Peer]\nPublicKey = ${phone}\nAllowedIPs = 10.7.0.0/16\n`),
    ).result
    expect(netdev).toContain(expected)
    expect(network).not.toContain('RoutingPolicyRule')
  })

  test('units of its own are read', () => {
    const netdev = `[NetDev]\nName=wg7\nKind = wireguard\n[WireGuard]\nPrivateKeyFile=/k\nListenPort=auto\n; c
[WireGuardPeer]\nPublicKey=${phone}\nAllowedIPs=10.7.0.0/16, \\\n 10.8.0.0/16\nAllowedIPs=10.9.0.0/16\nPresharedKeyFile=/p\n`
    const network =
      '[Match]\nName=wg7\n[Network]\nAddress=10.0.0.2/24\nDNS=10.0.0.1 10.0.0.3\nDomains=a ~b\n[Address]\nAddress=fd00::2/64\n[Route]\nDestination=0/0\n'
    const { result, lost } = units(netdev, network)
    expect(printTunnel(result)).toBe(
      '[Interface]\nAddress = 10.0.0.2/24, fd00::2/64\nDNS = 10.0.0.1, 10.0.0.3, a, ~b\nTable = off\n' +
        `PostUp = wg set %i private-key /k\nPostUp = wg set %i peer ${phone} preshared-key /p\n\n[Peer]\nPublicKey = ${phone}\nAllowedIPs = 10.7.0.0/16, 10.8.0.0/16, 10.9.0.0/16\n`,
    )
    expect(lost).toEqual(['[Route] Destination=0/0'])
  })

  test('a backslash at the end of a file loses nothing', () => {
    const netdev = `[NetDev]\nKind=wireguard\n[WireGuardPeer]\nPublicKey=${phone}\nAllowedIPs=10.7.0.0/16 \\`
    expect(printTunnel(units(netdev, '').result)).toContain('AllowedIPs = 10.7.0.0/16\n')
  })

  test('another kind of device is refused', () => {
    expect(() => units('[NetDev]\nKind=bridge\n', '')).toThrow(expect.objectContaining({ code: 'E_IMPORT' }))
  })
})
