// SPDX-License-Identifier: MIT
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseCidr } from '@wgq/model/cidr'
import { afterEach, describe, expect, test } from 'vitest'
import { down } from '../down.ts'
import { capture, restore } from '../restore.ts'
import { readEndpointRoutes } from '../systems/bsd/endpoint-route-file.ts'
import { hostOf } from '../systems/bsd/host-of.ts'
import { runRouteMonitor } from '../systems/bsd/route-monitor.ts'
import { guardTry, noteTry } from '../try.ts'
import { up } from '../up.ts'
import { BsdBench, type BsdName } from './bsd-bench.ts'

const privateKey = 'IB4TVNeFndKaWPEe0/5eg7pPbFIWev2oorBdAuNZT1M='
const peer1 = 'C/xzKu3IoCh9JQN0FjfvJnWB83wW6p0ThnCpqVcg0gs='
const peer2 = 'HpwGEeYbDZkPS4Gfp8dRquXCzU4q8qL1t7K/vz2V/wg='

const simple = `[Interface]
PrivateKey = ${privateKey}
Address = 10.0.0.2/24
Address = fd00::2/64
[Peer]
PublicKey = ${peer1}
AllowedIPs = 10.0.0.0/24, 10.9.0.0/16, fd00::/64
Endpoint = 192.0.2.1:51820
`
const full = `[Interface]
PrivateKey = ${privateKey}
Address = 10.0.0.2/24, fd00::2/64
DNS = 10.0.0.1, example.org
MTU = 1380
PreUp = echo pre %i
PostUp = echo post %I
PreDown = echo predown
PostDown = echo postdown
[Peer]
PublicKey = ${peer1}
AllowedIPs = 0.0.0.0/0, ::/0
Endpoint = 192.0.2.1:51820
[Peer]
PublicKey = ${peer2}
Endpoint = [2001:db8::9]:51820
`

let bench: BsdBench
const open = (name: BsdName): BsdBench => {
  bench = new BsdBench(name)
  const { routes } = bench.simulated
  const route = (dst: string, gateway: string) => {
    const cidr = parseCidr(dst)
    if (cidr) routes.push({ dst: cidr, dev: 'em0', gateway, table: '0' })
  }
  route('0.0.0.0/0', '192.168.1.1')
  route('::/0', 'fe80::1%em0')
  return bench
}

afterEach(() => bench.close())

const leftovers = () => ({
  links: [...bench.simulated.interfaces.keys()],
  routes: bench.simulated.routes.map((route) => `${route.dst.address}/${route.dst.prefixLength}`),
  resolvers: [...bench.simulated.resolvers.keys()],
  files: existsSync(join(bench.directory, 'run')) ? readdirSync(join(bench.directory, 'run')) : [],
})
const clean = { links: ['em0'], routes: ['0.0.0.0/0', '::/0'], resolvers: [], files: [] }

describe('freebsd', () => {
  test('a simple tunnel: lines and argument lists of up and down', async () => {
    open('freebsd')
    expect(await bench.up(simple)).toBe(0)
    expect(bench.takeLines()).toEqual([
      '[#] ifconfig wg create name wg0',
      '[#] wg addconf wg0 /dev/stdin',
      '[#] ifconfig wg0 inet 10.0.0.2/24 alias',
      '[#] ifconfig wg0 inet6 fd00::2/64 alias',
      '[#] ifconfig wg0 mtu 1420',
      '[#] ifconfig wg0 up',
      '[#] route -q -n add -inet 10.9.0.0/16 -interface wg0',
    ])
    expect(bench.simulated.changes).toEqual([
      'ifconfig wg create name wg0',
      'ifconfig wg0 inet 10.0.0.2/24 alias',
      'ifconfig wg0 inet6 fd00::2/64 alias',
      'ifconfig wg0 mtu 1420',
      'ifconfig wg0 up',
      'route -q -n add -inet 10.9.0.0/16 -interface wg0',
    ])
    const device = await bench.devices.read('wg0')
    expect(device.privateKey).toBe(privateKey)
    expect(device.peers[0]?.allowedIps).toHaveLength(3)
    expect(await bench.down(simple)).toBe(0)
    expect(bench.takeLines()).toEqual(['[#] ifconfig wg0 destroy'])
    expect(leftovers()).toEqual(clean)
  })

  test('a full tunnel: halves, endpoint routes, monitor, DNS, hooks', async () => {
    open('freebsd')
    expect(await bench.up(full)).toBe(0)
    expect(bench.takeLines()).toEqual([
      '[#] ifconfig wg create name wg0',
      '[#] echo pre wg0',
      '[#] wg addconf wg0 /dev/stdin',
      '[#] ifconfig wg0 inet 10.0.0.2/24 alias',
      '[#] ifconfig wg0 inet6 fd00::2/64 alias',
      '[#] ifconfig wg0 mtu 1380',
      '[#] ifconfig wg0 up',
      '[#] resolvconf -a wg0 -x',
      '[#] route -q -n add -inet6 ::/1 -interface wg0',
      '[#] route -q -n add -inet6 8000::/1 -interface wg0',
      '[#] route -q -n add -inet 0.0.0.0/1 -interface wg0',
      '[#] route -q -n add -inet 128.0.0.0/1 -interface wg0',
      '[#] route -q -n delete -inet 192.0.2.1',
      '[#] route -q -n delete -inet6 2001:db8::9',
      '[#] route -q -n add -inet 192.0.2.1 -gateway 192.168.1.1',
      '[#] route -q -n add -inet6 2001:db8::9 -gateway fe80::1%em0',
      '[+] Backgrounding route monitor',
      '[#] echo post wg0',
    ])
    expect(bench.monitors).toHaveLength(1)
    expect(bench.simulated.resolvers.get('wg0')).toBe('nameserver 10.0.0.1\nsearch example.org\n')
    expect(bench.hooks).toEqual(['bash -e -o pipefail -O extglob', 'bash -e -o pipefail -O extglob'])
    expect(await bench.down(full)).toBe(0)
    expect(bench.takeLines()).toEqual([
      '[#] echo predown',
      '[#] ifconfig wg0 destroy',
      '[#] resolvconf -d wg0',
      '[#] route -q -n delete -inet 192.0.2.1',
      '[#] route -q -n delete -inet6 2001:db8::9',
      '[#] echo postdown',
    ])
    expect(leftovers()).toEqual(clean)
  })

  test('Table: a FIB, off', async () => {
    open('freebsd')
    const table = (value: string) => full.replace('MTU', `Table = ${value}\nMTU`)
    expect(await bench.up(table('7'))).toBe(0)
    expect(bench.takeLines().filter((line) => line.includes('route'))).toEqual([
      '[#] route -q -n add -inet6 -fib 7 ::/0 -interface wg0',
      '[#] route -q -n add -inet -fib 7 0.0.0.0/0 -interface wg0',
    ])
    expect(await bench.down(table('7'))).toBe(0)
    bench.takeLines()
    expect(await bench.up(table('off'))).toBe(0)
    expect(bench.takeLines().filter((line) => line.includes('route'))).toEqual([])
  })

  test('no driver: the userspace daemon takes over, with the kernel words in the warning', async () => {
    open('freebsd')
    bench.programs.add('wireguard-go')
    bench.simulated.failures.set('ifconfig wg create', {
      status: 1,
      stdout: '',
      stderr: 'ifconfig: SIOCIFCREATE2 (wg): Invalid argument\n',
    })
    expect(await bench.up(simple)).toBe(0)
    expect(bench.takeLines().slice(0, 4)).toEqual([
      '[#] ifconfig wg create name wg0',
      '[!] Missing WireGuard kernel support (ifconfig: SIOCIFCREATE2 (wg): Invalid argument). Falling back to slow userspace implementation.',
      '[#] wireguard-go wg0',
      '[#] wg addconf wg0 /dev/stdin',
    ])
    expect(await bench.down(simple)).toBe(0)
    expect(bench.takeLines()).toContain('[#] rm -f /var/run/wireguard/wg0.sock')
    expect(leftovers()).toEqual(clean)
  })

  test('the name is taken: said, and nothing else happens', async () => {
    open('freebsd')
    bench.programs.add('wireguard-go')
    bench.simulated.failures.set('ifconfig wg create', {
      status: 1,
      stdout: '',
      stderr: 'ifconfig: ioctl SIOCSIFNAME (set name): File exists\n',
    })
    expect(await bench.up(simple)).toBe(1)
    expect(bench.takeLines()).toEqual([
      '[#] ifconfig wg create name wg0',
      'ifconfig: ioctl SIOCSIFNAME (set name): File exists',
    ])
  })

  test('up twice', async () => {
    open('freebsd')
    await bench.up(simple)
    await expect(bench.up(simple)).rejects.toMatchObject({
      code: 'E_EXISTS',
      message: "`wg0' already exists",
    })
  })

  test('down of nothing', async () => {
    open('freebsd')
    await expect(bench.down(simple)).rejects.toMatchObject({ code: 'E_NOT_WIREGUARD' })
  })

  test('the largest MTU on the way to an endpoint', async () => {
    open('freebsd')
    bench.simulated.interfaces.set('em1', { mtu: 9000, up: true, addresses: [] })
    const cidr = parseCidr('198.51.100.0/24')
    if (cidr) bench.simulated.routes.push({ dst: cidr, dev: 'em1', table: '0' })
    await bench.up(`${simple}[Peer]\nPublicKey = ${peer2}\nEndpoint = 198.51.100.7:1\n`)
    expect(bench.takeLines()).toContain('[#] ifconfig wg0 mtu 8920')
  })

  test('save keeps what runs and what is configured', async () => {
    open('freebsd')
    await bench.up(full)
    bench.takeLines()
    expect(await bench.save(full)).toBe(0)
    expect(bench.takeLines()).toContain('[#] wg showconf wg0')
    expect(readFileSync(join(bench.directory, 'wg0.conf'), 'utf8')).toBe(
      [
        '[Interface]',
        'Address = 10.0.0.2/24',
        'Address = fd00::2/64',
        'MTU = 1380',
        'PreUp = echo pre %i',
        'PostUp = echo post %I',
        'PreDown = echo predown',
        'PostDown = echo postdown',
        'ListenPort = 0',
        '',
      ].join('\n'),
    )
  })
})

describe('openbsd', () => {
  const config = full.replaceAll('MTU = 1380\n', '')

  test('lines of up and down; the real name is found by its description', async () => {
    open('openbsd')
    bench.simulated.processes.add('resolvd')
    bench.simulated.interfaces.set('wg0', { mtu: 1420, up: true, description: 'mine', addresses: [] })
    writeFileSync(join(bench.directory, 'resolv.conf'), 'nameserver 192.168.1.1\n')
    expect(await bench.up(config, 'office')).toBe(0)
    const resolv = join(bench.directory, 'resolv.conf')
    expect(bench.takeLines()).toEqual([
      '[#] ifconfig wg1 create description wg-quick: office',
      '[#] echo pre wg1',
      '[#] wg addconf wg1 /dev/fd/63',
      '[#] ifconfig wg1 inet 10.0.0.2/24 alias',
      '[#] ifconfig wg1 inet6 fd00::2/64 alias',
      '[#] ifconfig wg1 mtu 1420',
      '[#] ifconfig wg1 up',
      '[!] WARNING: resolvd may leak DNS queries',
      `[#] cp ${resolv} ${resolv}.wg-quick-backup.office`,
      '[#] route nameserver wg1 10.0.0.1',
      '[#] route -q -n add -inet6 ::/1 -iface fd00::2',
      '[#] route -q -n add -inet6 8000::/1 -iface fd00::2',
      '[#] route -q -n add -inet 0.0.0.0/1 -iface 10.0.0.2',
      '[#] route -q -n add -inet 128.0.0.0/1 -iface 10.0.0.2',
      '[#] route -q -n delete -inet 192.0.2.1',
      '[#] route -q -n delete -inet6 2001:db8::9',
      '[#] route -q -n add -inet 192.0.2.1 -gateway 192.168.1.1',
      '[#] route -q -n add -inet6 2001:db8::9 -gateway fe80::1%em0',
      '[+] Backgrounding route monitor',
      '[#] echo post office',
    ])
    expect(readFileSync(resolv, 'utf8')).toBe('search example.org\n')
    await expect(bench.up(config, 'office')).rejects.toMatchObject({
      message: "`office' already exists as `wg1'",
    })
    // A new process can read only the description.
    expect(await bench.down(config, 'office')).toBe(0)
    expect(bench.takeLines()).toEqual([
      '[#] echo predown',
      '[#] route nameserver wg1',
      `[#] mv ${resolv}.wg-quick-backup.office ${resolv}`,
      '[#] ifconfig wg1 destroy',
      '[#] route -q -n delete -inet 192.0.2.1',
      '[#] route -q -n delete -inet6 2001:db8::9',
      '[#] echo postdown',
    ])
    expect(leftovers()).toEqual({ ...clean, links: ['em0', 'wg0'] })
  })

  test('a number that another program takes first', async () => {
    open('openbsd')
    bench.simulated.failures.set('ifconfig wg0 create', {
      status: 1,
      stdout: '',
      stderr: 'ifconfig: SIOCIFCREATE: File exists\n',
    })
    expect(await bench.up(simple)).toBe(0)
    expect(bench.takeLines().slice(0, 2)).toEqual([
      '[#] ifconfig wg0 create description wg-quick: wg0',
      '[#] ifconfig wg1 create description wg-quick: wg0',
    ])
  })

  test('no driver: the userspace daemon numbers its interface, which carries the name as description', async () => {
    open('openbsd')
    bench.programs.add('wireguard-go')
    bench.simulated.failures.set('ifconfig wg0 create', {
      status: 1,
      stdout: '',
      stderr: 'ifconfig: wg0: SIOCIFCREATE: Invalid argument\n',
    })
    expect(await bench.up(simple)).toBe(0)
    expect(bench.takeLines().slice(0, 5)).toEqual([
      '[#] ifconfig wg0 create description wg-quick: wg0',
      '[!] Missing WireGuard kernel support (ifconfig: wg0: SIOCIFCREATE: Invalid argument). Falling back to slow userspace implementation.',
      '[#] wireguard-go tun',
      '[#] ifconfig tun0 description wg-quick: wg0',
      '[#] wg addconf tun0 /dev/fd/63',
    ])
    expect(await bench.down(simple)).toBe(0)
    expect(bench.takeLines()).toContain('[#] rm -f /var/run/wireguard/tun0.sock')
    expect(leftovers()).toEqual(clean)
  })

  test.each([
    [
      'ListenPort = 7',
      'Address already in use',
      'wg-quick: ListenPort 7 is in use; choose another one, or end what has it',
    ],
    [
      'FwMark = 9',
      'Invalid argument',
      'wg-quick: FwMark 9 names a routing table; is there one of that number (route -T 9 show)?',
    ],
  ])('what keeps the interface down is named: %s', async (line, refusal, hint) => {
    open('openbsd')
    bench.simulated.failures.set('ifconfig wg0 inet 10.0.0.2/24 alias', {
      status: 1,
      stdout: '',
      stderr: `ifconfig: SIOCAIFADDR: ${refusal}\n`,
    })
    expect(await bench.up(simple.replace('[Peer]', `${line}\n[Peer]`))).toBe(1)
    expect(bench.takeLines()).toContain(hint)
    expect(leftovers()).toEqual(clean)
  })

  test('a reload gives routes the first address, not the new one', async () => {
    open('openbsd')
    expect(await bench.up(simple)).toBe(0)
    bench.takeLines()
    const more = simple
      .replace('Address = ', 'Address = 10.9.9.9/24\nAddress = ')
      .replace('AllowedIPs = ', 'AllowedIPs = 10.200.0.0/16, ')
    await bench.reload(more)
    const lines = bench.takeLines()
    expect(lines).toContain('[#] route -q -n add -inet 10.200.0.0/16 -iface 10.0.0.2')
  })

  test('routes without an address of the family are refused, and everything is undone', async () => {
    open('openbsd')
    expect(await bench.up(simple.replace('Address = fd00::2/64\n', ''))).toBe(1)
    expect(bench.takeLines()).toContain('wg-quick: Local IPv6 address must be set to have routes')
    expect(leftovers()).toEqual(clean)
  })

  test('a routing table', async () => {
    open('openbsd')
    expect(await bench.up(simple.replace('[Peer]', 'Table = 3\n[Peer]'))).toBe(0)
    expect(bench.takeLines().filter((line) => line.includes('route'))).toContain(
      '[#] route -q -n -T 3 add -inet 10.9.0.0/16 -iface 10.0.0.2',
    )
  })

  test('a FwMark that is not a routing table is refused with its reason', async () => {
    open('openbsd')
    expect(await bench.up(simple.replace('[Peer]', 'FwMark = 51820\n[Peer]'))).toBe(1)
    expect(bench.takeLines()).toEqual(
      expect.arrayContaining([
        'FwMark names a routing table on OpenBSD: expected 0 to 255, found 51820. Set FwMark to the routing table for the encrypted packets, or leave it out',
        'Unable to modify interface: Invalid argument',
      ]),
    )
    expect(leftovers()).toEqual(clean)
  })

  test('no daemon for DNS: said, and the tunnel comes up without', async () => {
    open('openbsd')
    expect(await bench.up(config)).toBe(0)
    expect(bench.takeLines()).toContain('[+] resolvd is not running, DNS will not be configured')
  })
})

describe('netbsd', () => {
  test('a configuration named wgN gets that interface', async () => {
    open('netbsd')
    expect(await bench.up(full, 'wg3')).toBe(0)
    expect(bench.takeLines()).toEqual([
      '[#] ifconfig wg3 create',
      '[#] echo pre wg3',
      '[#] wg addconf wg3 /dev/stdin',
      '[#] ifconfig wg3 inet 10.0.0.2/24 alias',
      '[#] ifconfig wg3 inet6 fd00::2/64 alias',
      '[#] ifconfig wg3 mtu 1380',
      '[#] ifconfig wg3 up',
      '[#] resolvconf -a wg3 -x',
      '[#] route -q -n add -inet6 ::/1 -link wg3 -iface',
      '[#] route -q -n add -inet6 8000::/1 -link wg3 -iface',
      '[#] route -q -n add -inet 0.0.0.0/1 -link wg3 -iface',
      '[#] route -q -n add -inet 128.0.0.0/1 -link wg3 -iface',
      '[#] route -q -n delete -inet 192.0.2.1',
      '[#] route -q -n delete -inet6 2001:db8::9',
      '[#] route -q -n add -inet 192.0.2.1 -gateway 192.168.1.1',
      '[#] route -q -n add -inet6 2001:db8::9 -gateway fe80::1%em0',
      '[+] Backgrounding route monitor',
      '[#] echo post wg3',
    ])
    expect(await bench.down(full, 'wg3')).toBe(0)
    expect(leftovers()).toEqual(clean)
  })

  test('another name is in the description', async () => {
    open('netbsd')
    expect(await bench.up(simple, 'office')).toBe(0)
    expect(bench.takeLines().slice(0, 3)).toEqual([
      '[#] ifconfig wg0 create',
      '[#] ifconfig wg0 description wg-quick: office',
      '[#] wg addconf wg0 /dev/stdin',
    ])
    expect(await bench.down(simple, 'office')).toBe(0)
    expect(leftovers()).toEqual(clean)
  })
})

describe.each(['freebsd', 'openbsd', 'netbsd'] as const)('%s: whatever fails, nothing stays', (name) => {
  test('each command in turn', async () => {
    open(name)
    bench.simulated.processes.add('resolvd')
    await bench.up(full)
    const commands = bench.simulated.changes.filter((call) => !/^route .* delete|^(cp|mv)/.test(call))
    await bench.down(full)
    expect(commands.length).toBeGreaterThan(9)
    for (const command of commands) {
      // Endpoint routes may fail: upstream ignores it too.
      if (/192\.0\.2\.1|2001:db8/.test(command)) continue
      bench.simulated.failures.set(command, { status: 3, stdout: '', stderr: `${command}: refused\n` })
      bench.takeLines()
      expect([command, await bench.up(full)]).toEqual([command, 3])
      expect(bench.takeLines()).toContain(`${command}: refused`)
      bench.simulated.failures.clear()
      expect([command, leftovers()]).toEqual([command, clean])
    }
  })

  test('a hook that fails gives its status', async () => {
    open(name)
    bench.hookStatus.set('echo post wg0', 42)
    expect(await bench.up(full)).toBe(42)
    expect(leftovers()).toEqual(clean)
  })

  test('a signal undoes', async () => {
    open(name)
    bench.interruption.signal = 'SIGTERM'
    expect(await bench.up(simple)).toBe(1)
    expect(leftovers()).toEqual(clean)
  })
})

describe.each(['freebsd', 'openbsd', 'netbsd'] as const)('%s: reload', (name) => {
  test('what did not change is not touched', async () => {
    open(name)
    bench.simulated.processes.add('resolvd')
    await bench.up(full)
    expect(await bench.differences(full)).toEqual([])
    bench.simulated.calls.length = 0
    expect(await bench.reload(full)).toBe(0)
    expect(bench.simulated.changes).toEqual([])
  })

  test('addresses, routes, MTU, peers, name servers', async () => {
    open(name)
    bench.simulated.processes.add('resolvd')
    await bench.up(simple)
    const edited = simple
      .replace(
        'Address = 10.0.0.2/24',
        'Address = 10.0.0.2/24\nAddress = 10.5.0.2/32\nMTU = 1300\nDNS = 10.0.0.1',
      )
      .replace('10.9.0.0/16', '10.8.0.0/16')
    expect(await bench.differences(edited)).toEqual([
      `peer ${peer1}`,
      'mtu',
      'address 10.5.0.2/32',
      'route 10.8.0.0/16',
      'route 10.9.0.0/16',
      'dns',
    ])
    bench.takeLines()
    expect(await bench.reload(edited)).toBe(0)
    expect(bench.takeLines().join('\n')).toMatch(/^\[#\] wg set wg0 peer .* allowed-ips /m)
    expect(await bench.differences(edited)).toEqual([])
    expect(leftovers().routes).toContain('10.8.0.0/16')
    expect(leftovers().routes).not.toContain('10.9.0.0/16')
    expect(await bench.down(edited)).toBe(0)
    expect(leftovers()).toEqual(clean)
  })

  test('a default route comes and goes, and its endpoint routes with it', async () => {
    open(name)
    const edited = simple.replace('10.9.0.0/16', '0.0.0.0/0')
    await bench.up(simple)
    expect(await bench.differences(edited)).toContain('default route 0.0.0.0/0')
    expect(await bench.reload(edited)).toBe(0)
    expect(await bench.differences(edited)).toEqual([])
    expect(leftovers().routes).toEqual(expect.arrayContaining(['0.0.0.0/1', '128.0.0.0/1', '192.0.2.1/32']))
    expect(bench.monitors).toHaveLength(1)
    expect(await bench.reload(simple)).toBe(0)
    expect(await bench.differences(simple)).toEqual([])
    for (const gone of ['0.0.0.0/1', '128.0.0.0/1', '192.0.2.1/32'])
      expect(leftovers().routes).not.toContain(gone)
    expect(await bench.down(simple)).toBe(0)
    expect(leftovers()).toEqual(clean)
  })
})

test.each(['freebsd', 'openbsd'] as const)(
  '%s: a default route in a table of its own is in sync, comes and goes',
  async (name) => {
    open(name)
    const inTable = (allowedIps: string) =>
      simple.replace('[Peer]', 'Table = 1\n[Peer]').replace(/AllowedIPs = .*/, `AllowedIPs = ${allowedIps}`)
    const routes = () =>
      bench.simulated.routes
        .filter(({ table }) => table === '1')
        .map(({ dst }) => `${dst.address}/${dst.prefixLength}`)
    expect(await bench.up(inTable('0.0.0.0/0, ::/0'))).toBe(0)
    expect(await bench.differences(inTable('0.0.0.0/0, ::/0'))).toEqual([])
    for (const allowed of ['0.0.0.0/0', '0.0.0.0/1, 128.0.0.0/1', '10.200.0.0/16', '0.0.0.0/0, ::/0']) {
      expect(await bench.reload(inTable(allowed)), bench.printed).toBe(0)
      expect(routes().sort()).toEqual(allowed.split(', ').sort())
      expect(await bench.differences(inTable(allowed))).toEqual([])
    }
    expect(await bench.down(inTable('::/0'))).toBe(0)
    expect(leftovers()).toEqual(clean)
  },
)

describe.each(['freebsd', 'openbsd', 'netbsd'] as const)(
  '%s: one verb at a time, whatever ends it',
  (name) => {
    const asWgq = (config: string, more: object = {}) => ({
      ...bench.session(config),
      style: 'wgq' as const,
      ...more,
    })
    const resolvd = () => bench.simulated.processes.add('resolvd')

    test('two `up`s at once: one tunnel', async () => {
      open(name)
      const [first, second] = await Promise.allSettled([bench.up(simple), bench.up(simple)])
      expect(first).toMatchObject({ status: 'fulfilled', value: 0 })
      expect(second).toMatchObject({ status: 'rejected', reason: { code: 'E_EXISTS' } })
      expect(await bench.down(simple)).toBe(0)
      expect(leftovers()).toEqual(clean)
      expect(await Promise.all([up(asWgq(simple)), up(asWgq(simple))])).toEqual([0, 0])
      expect(await bench.differences(simple)).toEqual([])
      expect(await bench.down(simple)).toBe(0)
      expect(leftovers()).toEqual(clean)
    })

    test('`up` of a running tunnel brings it to its file', async () => {
      open(name)
      resolvd()
      expect(await up(asWgq(simple))).toBe(0)
      const other = simple.replace('10.9.0.0/16', '10.8.0.0/16')
      expect(await up(asWgq(other)), bench.printed).toBe(0)
      expect(await bench.differences(other)).toEqual([])
      expect(leftovers().routes).toContain('10.8.0.0/16')
      expect(leftovers().routes).not.toContain('10.9.0.0/16')
    })

    test('a signal before the interface goes leaves it, one after that changes nothing any more', async () => {
      open(name)
      resolvd()
      await bench.up(full)
      expect(await down({ ...bench.session(full), interruption: { signal: 'SIGTERM' } })).toBe(143)
      expect(leftovers().links).toHaveLength(2)
      const interruption: { signal?: NodeJS.Signals } = {}
      bench.simulated.onLink = ((after) => (link: string, present: boolean) => {
        interruption.signal = 'SIGTERM'
        after?.(link, present)
      })(bench.simulated.onLink)
      await down({ ...bench.session(full), interruption })
      expect(leftovers()).toEqual(clean)
    })

    test.each(['up', 'down'] as const)('a trial is forgotten by `%s`', async (verb) => {
      open(name)
      await up(asWgq(simple))
      const session = asWgq(simple)
      noteTry(session, { token: 'x', config: session.configPath })
      await (verb === 'up' ? up(session) : down(session))
      expect(existsSync(join(bench.directory, 'run', 'wg0.try'))).toBe(false)
      expect(await guardTry(session, 'x', 0)).toBeUndefined()
    })

    test('a trial that nobody confirms ends in the state before', async () => {
      open(name)
      await up(asWgq(simple))
      const before = leftovers()
      const kept = await capture(asWgq(simple))
      const other = simple
        .replace('10.9.0.0/16', '0.0.0.0/0')
        .replace('10.0.0.2/24', '10.0.0.2/24, 10.5.0.2/32')
      expect(await up(asWgq(other)), bench.printed).toBe(0)
      expect(leftovers().routes).not.toEqual(before.routes)
      expect(await restore(asWgq(other), JSON.parse(JSON.stringify(kept))), bench.printed).toBe(0)
      expect(leftovers()).toEqual(before)
      expect(await bench.differences(simple)).toEqual([])
    })

    test('what a killed `up` left is taken back by the next one', async () => {
      open(name)
      resolvd()
      await bench.up(full)
      const path = join(bench.directory, 'run', 'wg0.json')
      const journal = JSON.parse(readFileSync(path, 'utf8'))
      writeFileSync(
        path,
        JSON.stringify({ ...journal, state: 'starting', owner: { pid: 999_999_999, started: '' } }),
      )
      expect(await bench.up(full), bench.printed).toBe(0)
      expect(await bench.down(full)).toBe(0)
      expect(leftovers()).toEqual(clean)
    })

    test('a journal whose interface is gone, and a tunnel whose journal is', async () => {
      open(name)
      await bench.up(simple)
      await bench.simulated.run(['ifconfig', 'wg0', 'destroy'])
      expect(await bench.up(simple), bench.printed).toBe(0)
      rmSync(join(bench.directory, 'run'), { recursive: true })
      expect(await bench.differences(simple)).toEqual([])
      expect(await up(asWgq(simple)), bench.printed).toBe(0)
      expect(await bench.down(simple)).toBe(0)
      expect(leftovers()).toEqual(clean)
    })
  },
)

test('a kill switch is refused, not left out', async () => {
  open('freebsd')
  await expect(up({ ...bench.session(simple), style: 'wgq', killSwitch: true })).rejects.toMatchObject({
    code: 'E_UNSUPPORTED',
  })
  expect(leftovers()).toEqual(clean)
})

describe('route monitor', () => {
  const messages = {
    'FreeBSD 13, OpenBSD, NetBSD': [
      '',
      'got message of size 176 on Fri Nov 20 12:00:00 2026',
      'RTM_ADD: Add Route: len 176',
    ],
    'FreeBSD 14': ['12:00:00.123 PID    0 add/repl route 0.0.0.0/0 gw 192.168.9.1 em0'],
  }

  test.each(Object.entries(messages))('a new gateway, a vanished endpoint (%s)', async (_, lines) => {
    open('freebsd')
    await bench.up(full)
    const session = bench.session(full)
    const [request] = bench.monitors
    async function* feed() {
      yield 'locks: '
      const at = bench.simulated.routes.findIndex((route) => route.dst.prefixLength === 0)
      const old = bench.simulated.routes[at]
      if (old) bench.simulated.routes[at] = { ...old, gateway: '192.168.9.1' }
      bench.simulated.calls.length = 0
      yield* lines
      yield* lines
      await expect.poll(() => bench.simulated.changes.length).toBe(4)
      expect(bench.simulated.changes).toEqual([
        'route -q -n delete -inet 192.0.2.1',
        'route -q -n delete -inet6 2001:db8::9',
        'route -q -n add -inet 192.0.2.1 -gateway 192.168.9.1',
        'route -q -n add -inet6 2001:db8::9 -gateway fe80::1%em0',
      ])
      await bench.devices.change('wg0', { peers: [{ publicKey: peer2 as never, remove: true }] })
      bench.simulated.calls.length = 0
      yield* lines
      await expect.poll(() => bench.simulated.changes).toEqual(['route -q -n delete -inet6 2001:db8::9'])
      bench.simulated.routes.shift()
      bench.simulated.calls.length = 0
      yield* lines
      await expect
        .poll(() => bench.simulated.changes)
        .toEqual([
          'route -q -n delete -inet 192.0.2.1',
          'route -q -n add -inet 192.0.2.1 127.0.0.1 -blackhole',
        ])
      bench.simulated.calls.length = 0
      await bench.simulated.run(['ifconfig', 'wg0', 'destroy'])
      yield* lines
      // The program keeps running; the monitor must stop by itself.
      await new Promise(() => {})
    }
    await runRouteMonitor({
      name: 'wg0',
      host: hostOf(session),
      devices: bench.devices,
      statePath: request?.statePath ?? '',
      lines: feed(),
      settleMs: 1,
    })
    expect(bench.simulated.changes.at(-1)).toBe('route -q -n delete -inet 192.0.2.1')
    expect(readEndpointRoutes(request?.statePath ?? '')).toBeUndefined()
  })
})
