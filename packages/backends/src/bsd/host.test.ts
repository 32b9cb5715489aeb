// SPDX-License-Identifier: MIT
import { formatCidr } from '@wgq/model/cidr'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { freebsdDialect } from '../freebsd/dialect.ts'
import { openbsdDialect } from '../openbsd/dialect.ts'
import { systemRunner } from './command-runner.ts'
import { BsdHost } from './host.ts'
import { parseIfconfig } from './ifconfig.ts'
import { parseNetstat } from './netstat.ts'
import { parseRouteGet } from './route-get.ts'
import { SimulatedSystem } from './twin/simulated-system.ts'

const freebsdIfconfig = `em0: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1500
	options=481249b<RXCSUM,TXCSUM,VLAN_MTU>
	ether 08:00:27:aa:bb:cc
	inet 192.168.1.10 netmask 0xffffff00 broadcast 192.168.1.255
	inet6 fe80::a00:27ff:feaa:bbcc%em0 prefixlen 64 scopeid 0x1
	media: Ethernet autoselect (1000baseT <full-duplex>)
	nd6 options=23<PERFORMNUD,ACCEPT_RTADV,AUTO_LINKLOCAL>
lo0: flags=1008049<UP,LOOPBACK,RUNNING,MULTICAST,LOWER_UP> metric 0 mtu 16384
	inet6 ::1 prefixlen 128
	inet 127.0.0.1 netmask 0xff000000
	groups: lo
wg0: flags=10080c1<UP,RUNNING,NOARP,MULTICAST,LOWER_UP> metric 0 mtu 1420
	options=80000<LINKSTATE>
	inet 10.0.0.2 netmask 0xffffff00
	inet6 fd00::2 prefixlen 64
	groups: wg
	nd6 options=109<PERFORMNUD,IFDISABLED,NO_DAD>
`
const openbsdIfconfig = `lo0: flags=8049<UP,LOOPBACK,RUNNING,MULTICAST> mtu 32768
	index 3 priority 0 llprio 3
	groups: lo
	inet6 ::1 prefixlen 128
	inet 127.0.0.1 netmask 0xff000000
wg0: flags=80c3<UP,BROADCAST,RUNNING,NOARP,MULTICAST> mtu 1420
	description: wg-quick: office
	index 5 priority 0 llprio 3
	wgport 51820
	wgpubkey +hE2Xqwwd2jUhJjsENZSBEiPzxcHlT8xNqrNMq1PbRs=
	wgpeer C/xzKu3IoCh9JQN0FjfvJnWB83wW6p0ThnCpqVcg0gs=
		wgendpoint 192.0.2.1 51821
		tx: 0, rx: 0
		wgaip 10.0.0.0/24
	groups: wg
	inet 10.0.0.2 netmask 0xffffff00 broadcast 10.0.0.255
`
const netbsdIfconfig = `wm0: flags=0x8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> mtu 1500
	capabilities=0x7ff80<TSO4,IP4CSUM_Rx>
	address: 08:00:27:aa:bb:cc
	inet 192.168.1.10/24 broadcast 192.168.1.255 flags 0
	inet6 fe80::a00:27ff:feaa:bbcc%wm0/64 flags 0 scopeid 0x1
wg0: flags=0x8041<UP,RUNNING,MULTICAST> mtu 1420
	description: "wg-quick: office"
	inet 10.0.0.2/24 flags 0
	inet6 fd00::2/64 flags 0
`

describe('ifconfig', () => {
  const seen = (text: string, name: string) => {
    const shown = parseIfconfig(text).find((each) => each.name === name)
    return { ...shown, addresses: shown?.addresses.map(({ cidr, scope }) => `${formatCidr(cidr)} ${scope}`) }
  }

  test('FreeBSD', () => {
    expect(parseIfconfig(freebsdIfconfig).map(({ name }) => name)).toEqual(['em0', 'lo0', 'wg0'])
    expect(seen(freebsdIfconfig, 'em0').addresses).toEqual([
      '192.168.1.10/24 global',
      'fe80::a00:27ff:feaa:bbcc/64 link',
    ])
    expect(seen(freebsdIfconfig, 'lo0').addresses).toEqual(['::1/128 global', '127.0.0.1/8 host'])
    expect(seen(freebsdIfconfig, 'wg0')).toEqual({
      name: 'wg0',
      up: true,
      mtu: 1420,
      groups: ['wg'],
      addresses: ['10.0.0.2/24 global', 'fd00::2/64 global'],
    })
  })

  test('OpenBSD', () => {
    expect(seen(openbsdIfconfig, 'wg0')).toEqual({
      name: 'wg0',
      up: true,
      mtu: 1420,
      description: 'wg-quick: office',
      groups: ['wg'],
      addresses: ['10.0.0.2/24 global'],
    })
  })

  test('NetBSD', () => {
    expect(seen(netbsdIfconfig, 'wm0').addresses).toEqual([
      '192.168.1.10/24 global',
      'fe80::a00:27ff:feaa:bbcc/64 link',
    ])
    expect(seen(netbsdIfconfig, 'wg0')).toMatchObject({
      description: 'wg-quick: office',
      addresses: ['10.0.0.2/24 global', 'fd00::2/64 global'],
    })
  })
})

describe('netstat', () => {
  const rows = (text: string, family: 4 | 6 = 4) =>
    parseNetstat(text, family, 0).map(({ dst, gateway, dev, mtu }) => [formatCidr(dst), gateway, dev, mtu])

  test('FreeBSD', () => {
    const text = `Routing tables

Internet:
Destination        Gateway            Flags     Netif Expire
default            192.168.1.1        UGS         em0
10.0.0.0/24        link#3             U           wg0
127.0.0.1          link#2             UH          lo0
192.168.1.10       link#1             UHS         lo0
`
    expect(rows(text)).toEqual([
      ['0.0.0.0/0', '192.168.1.1', 'em0', undefined],
      ['10.0.0.0/24', undefined, 'wg0', undefined],
      ['127.0.0.1/32', undefined, 'lo0', undefined],
      ['192.168.1.10/32', undefined, 'lo0', undefined],
    ])
    const text6 = `Internet6:
Destination                       Gateway                       Flags     Netif Expire
default                           fe80::1%em0                   UG          em0
fe80::%lo0/64                     link#2                        U           lo0
`
    expect(rows(text6, 6)).toEqual([
      ['::/0', 'fe80::1%em0', 'em0', undefined],
      ['fe80::/64', undefined, 'lo0', undefined],
    ])
  })

  test('OpenBSD', () => {
    const text = `Routing tables

Internet:
Destination        Gateway            Flags   Refs      Use   Mtu  Prio Iface
default            192.168.1.1        UGS        5      123     -     8 em0
224/4              127.0.0.1          URS        0        0 32768     8 lo0
10.0.0/24          10.0.0.2           UCn        0        0     -     4 wg0
192.168.1.20       08:00:27:00:00:01  UHLc       0       12     -     3 em0
`
    expect(rows(text)).toEqual([
      ['0.0.0.0/0', '192.168.1.1', 'em0', undefined],
      ['224.0.0.0/4', '127.0.0.1', 'lo0', 32768],
      ['10.0.0.0/24', '10.0.0.2', 'wg0', undefined],
      ['192.168.1.20/32', undefined, 'em0', undefined],
    ])
  })

  test('NetBSD', () => {
    const text = `Routing tables

Internet:
Destination        Gateway            Flags    Refs      Use    Mtu Interface
default            192.168.1.1        UGS         -        -      -  wm0
127/8              127.0.0.1          UGRS        -        -  33624  lo0
10.0.0/24          link#4             U           -        -      -  wg0
`
    expect(rows(text)).toEqual([
      ['0.0.0.0/0', '192.168.1.1', 'wm0', undefined],
      ['127.0.0.0/8', '127.0.0.1', 'lo0', 33624],
      ['10.0.0.0/24', undefined, 'wg0', undefined],
    ])
  })
})

test('route get', () => {
  expect(
    parseRouteGet(`   route to: 192.0.2.1
destination: 0.0.0.0
       mask: 0.0.0.0
    gateway: 192.168.1.1
        fib: 0
  interface: em0
      flags: <UP,GATEWAY,DONE,STATIC>
 recvpipe  sendpipe  ssthresh  rtt,msec    mtu        weight    expire
       0         0         0         0      1500         1         0
`),
  ).toEqual({ dev: 'em0', gateway: '192.168.1.1' })
  expect(
    parseRouteGet(`   route to: 192.0.2.1
destination: default
       mask: default
    gateway: 192.168.1.1
  interface: em0
 if address: 192.168.1.10
   priority: 8 (static)
      flags: <UP,GATEWAY,DONE,STATIC>
`),
  ).toEqual({ dev: 'em0', gateway: '192.168.1.1', source: '192.168.1.10' })
  expect(parseRouteGet('route: route has not been found\n')).toBeUndefined()
})

test('no text makes a parser raise', () => {
  const texts = [freebsdIfconfig, openbsdIfconfig, netbsdIfconfig, 'Destination Gateway Flags Netif\n']
  const mutation = fc.tuple(fc.constantFrom(...texts), fc.nat({ max: 900 }), fc.string())
  fc.assert(
    fc.property(mutation, ([text, at, insert]) => {
      const mutated = text.slice(0, at) + insert + text.slice(at)
      parseIfconfig(mutated)
      parseNetstat(mutated, 4, 0)
      parseRouteGet(mutated)
    }),
    { numRuns: 1000 },
  )
})

describe('host', () => {
  test('what was done is seen', async () => {
    const host = new BsdHost(freebsdDialect, new SimulatedSystem('freebsd'), () => 7)
    const cidr = { family: 4, address: '10.9.0.0', prefixLength: 16 } as const
    await host.apply([
      { do: 'link.add', name: 'office' },
      { do: 'address.add', dev: 'office', family: 4, address: '10.0.0.2/24' },
      { do: 'link.up', dev: 'office', mtu: '1400' },
      { do: 'route.add', dev: 'office', dst: cidr },
    ])
    expect(await host.link('office')).toEqual({ index: 7, name: 'office', mtu: 1400, up: true })
    expect((await host.addresses('office', 4)).map(({ cidr: each }) => formatCidr(each))).toEqual([
      '10.0.0.2/24',
    ])
    expect((await host.routes({ family: 4, dev: 'office' })).map(({ dst }) => formatCidr(dst))).toEqual([
      '10.0.0.0/24',
      '10.9.0.0/16',
    ])
    expect((await host.routeTo('10.9.1.1'))?.dev).toBe('office')
    await host.apply([
      { do: 'route.delete', dev: 'office', dst: cidr },
      { do: 'address.delete', dev: 'office', family: 4, address: '10.0.0.2/24' },
    ])
    expect(await host.addresses('office')).toEqual([])
    expect(await host.routeTo('10.9.1.1')).toBeUndefined()
  })

  test('a failure tells how many operations took effect, with the words and status of the tool', async () => {
    const host = new BsdHost(freebsdDialect, new SimulatedSystem('freebsd'), () => 7)
    const failing = host.apply([
      { do: 'link.add', name: 'wg0' },
      { do: 'link.up', dev: 'wg0', mtu: 'abc' },
    ])
    await expect(failing).rejects.toMatchObject({
      code: 'E_HOST',
      message: 'ifconfig: abc: bad value',
      exitCode: 1,
      applied: 1,
    })
  })

  test('OpenBSD: routes of a fresh process use the address that the interface has', async () => {
    const simulated = new SimulatedSystem('openbsd')
    const first = new BsdHost(openbsdDialect, simulated, () => 7)
    await first.apply([
      { do: 'link.add', name: 'office' },
      { do: 'address.add', dev: 'office', family: 4, address: '10.0.0.2/24' },
    ])
    const second = new BsdHost(openbsdDialect, simulated, () => 7)
    const dst = { family: 4, address: '10.9.0.0', prefixLength: 16 } as const
    await second.apply([{ do: 'route.add', dev: 'office', dst }])
    expect(simulated.changes.at(-1)).toBe('route -q -n add -inet 10.9.0.0/16 -iface 10.0.0.2')
    expect(await second.realName('office')).toBe('wg0')
  })
})

describe('real processes', () => {
  test('input, both outputs and status', async () => {
    const script = 'read line; echo "got $line"; echo "$LC_ALL" >&2; exit 3'
    expect(await systemRunner.run(['sh', '-c', script], { stdin: 'a word\n' })).toEqual({
      status: 3,
      stdout: 'got a word\n',
      stderr: 'C\n',
    })
  })

  test('a program that does not exist is status 127', async () => {
    expect(await systemRunner.run(['wgq-no-such-program'])).toMatchObject({ status: 127 })
  })
})
