// SPDX-License-Identifier: MIT
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { printNetworkManager, readNetworkManager } from './network-manager.ts'
import { printNetworkd, readNetworkd } from './networkd.ts'
import type { Tunnel } from './tunnel.ts'
import { printTunnel, readTunnel } from './tunnel.ts'

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
const read = (text: string) => readTunnel('wg0', text, 'wg0.conf').result

test('a configuration read and printed again is the same', () => {
  expect(printTunnel(read(full))).toBe(full)
})

test('says what no other format has', () => {
  const text = `${full.replace('MTU', 'PostUp = a\nSaveConfig = true\nMTU')}# Name = phone\n`
  const { lost } = readTunnel('wg0', text, 'wg0.conf')
  expect(lost.map((line) => line.split(/[:, ]/)[0])).toEqual(['PreUp', 'names', 'SaveConfig'])
})

describe('NetworkManager', () => {
  test('gets a keyfile', () => {
    const { result, lost } = printNetworkManager(read(full))
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
    expect(printNetworkManager(read(full)).result).toBe(result)
  })

  test('a profile of its own is read, gateways and agents too', async () => {
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
    const { result, lost } = await readNetworkManager(profile)
    expect(printTunnel(result)).toBe(
      '[Interface]\nListenPort = 51821\nAddress = 10.0.0.2/24\nDNS = 10.0.0.1, 10.0.0.3\nTable = off\n\n' +
        `[Peer]\nPublicKey = ${phone}\nAllowedIPs = 10.7.0.0/16, 10.8.0.0/16\n`,
    )
    expect(result.name).toBe('office')
    expect(lost).toEqual([
      'the private key: it is not in the file but with a secret agent',
      '1 routes of [ipv4]: write them as PostUp hooks',
    ])
  })

  test('another type of connection is refused', async () => {
    await expect(readNetworkManager('[connection]\ntype=wifi\n')).rejects.toMatchObject({ code: 'E_IMPORT' })
  })
})

describe('networkd', () => {
  test('gets two units and, for a full tunnel, the rules of wg-quick', () => {
    const { netdev, network } = printNetworkd(read(full))
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
  ])('%j becomes %s', (line, expected) => {
    const { netdev, network } = printNetworkd(
      read(`[Interface]\n${line}\n[Peer]\nAllowedIPs = 10.7.0.0/16\n`),
    )
    expect(netdev).toContain(expected)
    expect(network).not.toContain('RoutingPolicyRule')
  })

  test('units of its own are read', () => {
    const netdev = `[NetDev]\nName=wg7\nKind = wireguard\n[WireGuard]\nPrivateKeyFile=/k\nListenPort=auto\n; c
[WireGuardPeer]\nPublicKey=${phone}\nAllowedIPs=10.7.0.0/16, \\\n 10.8.0.0/16\nAllowedIPs=10.9.0.0/16\nPresharedKeyFile=/p\n`
    const network =
      '[Match]\nName=wg7\n[Network]\nAddress=10.0.0.2/24\nDNS=10.0.0.1 10.0.0.3\nDomains=a ~b\n[Address]\nAddress=fd00::2/64\n[Route]\nDestination=0/0\n'
    const { result, lost } = readNetworkd(netdev, network)
    expect(printTunnel(result)).toBe(
      '[Interface]\nAddress = 10.0.0.2/24, fd00::2/64\nDNS = 10.0.0.1, 10.0.0.3, a\nTable = off\n' +
        `PostUp = wg set %i private-key /k\n\n[Peer]\nPublicKey = ${phone}\nAllowedIPs = 10.7.0.0/16, 10.8.0.0/16, 10.9.0.0/16\n`,
    )
    expect(lost.map((line) => line.split(/[: ]/)[0])).toEqual(['PresharedKeyFile', 'Domains=~b', '[Route]'])
  })

  test('another kind of device is refused', () => {
    expect(() => readNetworkd('[NetDev]\nKind=bridge\n', '')).toThrow(
      expect.objectContaining({ code: 'E_IMPORT' }),
    )
  })
})

describe('there and back', () => {
  const maybe = (...values: string[]) => fc.option(fc.constantFrom(...values), { nil: undefined })
  const tunnels: fc.Arbitrary<Tunnel> = fc.record({
    name: fc.constantFrom('wg0', 'a.b'),
    privateKey: maybe(own),
    listenPort: maybe('51820'),
    fwmark: maybe('77'),
    mtu: maybe('1380'),
    table: maybe('off', '1234'),
    addresses: fc.subarray(['10.0.0.2/24', '10.1.0.2/32', 'fd00::2/64']),
    dnsServers: fc.subarray(['10.0.0.1', 'fd00::1']),
    dnsSearch: fc.constant([]),
    hooks: fc.constant([]),
    peers: fc
      .record({
        presharedKey: maybe(own),
        endpoint: maybe('vpn.example:51820', '[2001:db8::1]:1'),
        keepalive: maybe('25'),
        allowedIps: fc.subarray(['10.7.0.0/16', '0.0.0.0/0', '::/0']),
      })
      .map((peer) => [{ ...peer, publicKey: phone }]),
  })

  test('NetworkManager, a peer that has nothing but its key', async () => {
    const bare = {
      ...{ name: 'wg0', addresses: [], dnsServers: [], dnsSearch: [], hooks: [] },
      peers: [{ publicKey: phone, allowedIps: [] }],
    } as unknown as Tunnel
    const { result } = await readNetworkManager(printNetworkManager(bare).result)
    expect(result.peers).toMatchObject([{ publicKey: phone, allowedIps: [] }])
  })

  test('NetworkManager', async () => {
    await fc.assert(
      fc.asyncProperty(tunnels, async (tunnel) => {
        // Without an address there is nothing that could be in a table of its own.
        const both =
          tunnel.addresses.length > 0 || tunnel.table !== '1234' ? tunnel : { ...tunnel, table: undefined }
        const { result } = await readNetworkManager(printNetworkManager(both).result)
        expect(printTunnel(result)).toBe(printTunnel(both))
      }),
    )
  })

  test('networkd', () => {
    fc.assert(
      fc.property(tunnels, (tunnel) => {
        // A mark next to a default route is the number of wg-quick's table: the units cannot tell it from a chosen one.
        const both = { ...tunnel, fwmark: tunnel.table === undefined ? undefined : tunnel.fwmark }
        const { netdev, network } = printNetworkd(both)
        expect(printTunnel(readNetworkd(netdev, network).result)).toBe(printTunnel(both))
      }),
    )
  })
})
