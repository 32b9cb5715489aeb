// SPDX-License-Identifier: MIT
// Tunnels on BSDs that lack something: a daemon for name servers, a tool, an address family, a free number.
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseCidr } from '@wgq/model/cidr'
import { afterEach, describe, expect, test } from 'vitest'
import { BsdBench, type BsdName } from './bsd-bench.ts'

const privateKey = 'IB4TVNeFndKaWPEe0/5eg7pPbFIWev2oorBdAuNZT1M='
const publicKey = 'C/xzKu3IoCh9JQN0FjfvJnWB83wW6p0ThnCpqVcg0gs='
const file = (lines: string, allowedIps: string, endpoint = '192.0.2.1:51820'): string => `[Interface]
PrivateKey = ${privateKey}
${lines}
[Peer]
PublicKey = ${publicKey}
AllowedIPs = ${allowedIps}
Endpoint = ${endpoint}
`
const systems = ['freebsd', 'openbsd', 'netbsd'] as const

let bench: BsdBench
const open = (name: BsdName, defaults: readonly (readonly [string, string])[]): BsdBench => {
  bench = new BsdBench(name)
  for (const [dst, gateway] of defaults) {
    const cidr = parseCidr(dst)
    if (cidr) bench.simulated.routes.push({ dst: cidr, dev: 'em0', gateway, table: '0' })
  }
  return bench
}
const four = ['0.0.0.0/0', '192.168.1.1'] as const
const six = ['::/0', 'fe80::1%em0'] as const
afterEach(() => bench.close())

const leftovers = () => ({
  links: [...bench.simulated.interfaces.keys()],
  routes: bench.simulated.routes.filter(({ dev }) => dev !== 'em0').length,
  files: existsSync(join(bench.directory, 'run'))
    ? readdirSync(join(bench.directory, 'run')).filter((name) => !name.endsWith('.lock'))
    : [],
})
const clean = { links: ['em0'], routes: 0, files: [] }

describe('OpenBSD without resolvd and unwind', () => {
  const config = file('Address = 10.0.0.2/24\nDNS = 10.0.0.1, example.org', '10.9.0.0/16')
  const said = '[+] resolvd is not running, DNS will not be configured'

  test('`up` says it once; after that there is no difference and nothing to do', async () => {
    open('openbsd', [four])
    expect(await bench.up(config)).toBe(0)
    expect(bench.takeLines().filter((line) => line === said)).toEqual([said])
    expect(await bench.differences(config)).toEqual([])
    bench.simulated.calls.length = 0
    expect(await bench.reload(config)).toBe(0)
    expect(bench.simulated.changes).toEqual([])
    expect(bench.takeLines().filter((line) => /DNS|nameserver/.test(line))).toEqual([])
    expect(await bench.down(config)).toBe(0)
    expect(bench.takeLines().filter((line) => line.includes('nameserver'))).toEqual([])
    expect(leftovers()).toEqual(clean)
  })

  test('once it runs, the name servers are a difference, and a reload sets them', async () => {
    open('openbsd', [four])
    writeFileSync(join(bench.directory, 'resolv.conf'), 'nameserver 192.168.1.1\n')
    expect(await bench.up(config)).toBe(0)
    bench.simulated.processes.add('resolvd')
    expect(await bench.differences(config)).toEqual(['dns'])
    expect(await bench.reload(config)).toBe(0)
    expect(await bench.differences(config)).toEqual([])
    expect(bench.simulated.resolvers.get('wg0')).toBe('10.0.0.1')
  })
})

describe.each(systems)('%s', (name) => {
  test('IPv6 alone, outside and inside', async () => {
    open(name, [six])
    const config = file('Address = fd00::2/64', '::/0', '[2001:db8::9]:51820')
    expect(await bench.up(config)).toBe(0)
    const lines = bench.takeLines()
    expect(lines.filter((line) => / -?inet /.test(line))).toEqual([])
    expect(lines).toContain('[#] route -q -n add -inet6 2001:db8::9 -gateway fe80::1%em0')
    expect(await bench.differences(config)).toEqual([])
    expect(await bench.down(config)).toBe(0)
    expect(leftovers()).toEqual(clean)
  })

  test('IPv6 alone outside: an IPv4 endpoint is a blackhole, not a loop', async () => {
    open(name, [six])
    const config = file('Address = 10.0.0.2/24', '0.0.0.0/0')
    expect(await bench.up(config)).toBe(0)
    expect(bench.takeLines()).toContain('[#] route -q -n add -inet 192.0.2.1 127.0.0.1 -blackhole')
    expect(await bench.down(config)).toBe(0)
    expect(leftovers()).toEqual(clean)
  })

  test.each(['ifconfig', 'route'])('no %s: said, and nothing stays', async (tool) => {
    open(name, [four])
    bench.simulated.failures.set(`${tool} `, {
      status: 127,
      stdout: '',
      stderr: `${tool}: not found\n`,
    })
    const config = file('Address = 10.0.0.2/24', '10.9.0.0/16')
    expect(await bench.up(config)).not.toBe(0)
    expect(bench.takeLines().join('\n')).toContain(`${tool}: not found`)
    bench.simulated.failures.clear()
    expect(leftovers()).toEqual(clean)
  })

  test.each(['wg7', 'wg_home', 'abcdefghijklmno', 'a.b=c+d-e'])('a tunnel named %s', async (tunnel) => {
    open(name, [four])
    const config = file('Address = 10.0.0.2/24', '0.0.0.0/0')
    expect(await bench.up(config, tunnel)).toBe(0)
    expect(await bench.differences(config, tunnel)).toEqual([])
    const real = name === 'freebsd' || (name === 'netbsd' && tunnel === 'wg7') ? tunnel : 'wg0'
    expect([...bench.simulated.interfaces.keys()]).toEqual(['em0', real])
    expect(await bench.down(config, tunnel)).toBe(0)
    expect(leftovers()).toEqual(clean)
  })

  test('a port that is in use: the hint names it, on the first address of either family', async () => {
    for (const address of ['10.0.0.2/24', 'fd00::2/64']) {
      open(name, [four, six])
      bench.simulated.failures.set(`${address} alias`, {
        status: 1,
        stdout: '',
        stderr: 'ifconfig: SIOCAIFADDR: Address already in use\n',
      })
      const allowed = address.includes(':') ? 'fd09::/48' : '10.9.0.0/16'
      expect(await bench.up(file(`Address = ${address}\nListenPort = 7`, allowed))).toBe(1)
      expect(bench.takeLines()).toContain(
        'wg-quick: ListenPort 7 is in use; choose another one, or end what has it',
      )
      expect(leftovers()).toEqual(clean)
      bench.close()
    }
  })
})

test.each(['fd00::2/64', '10.0.0.2/24'])(
  'OpenBSD: a routing table that is missing is named, where %s is the only address',
  async (address) => {
    open('openbsd', [four, six])
    bench.simulated.failures.set('alias', {
      status: 1,
      stdout: '',
      stderr: 'ifconfig: SIOCAIFADDR: Invalid argument\n',
    })
    const allowed = address.includes(':') ? 'fd09::/48' : '10.9.0.0/16'
    expect(await bench.up(file(`Address = ${address}\nFwMark = 200`, allowed))).toBe(1)
    expect(bench.takeLines()).toContain(
      'wg-quick: FwMark 200 names a routing table; is there one of that number (route -T 200 show)?',
    )
    expect(leftovers()).toEqual(clean)
  },
)

test('OpenBSD: without any address, `up` is what cannot be done', async () => {
  open('openbsd', [four])
  bench.simulated.failures.set('ifconfig wg0 up', {
    status: 1,
    stdout: '',
    stderr: 'ifconfig: SIOCSIFFLAGS: Address already in use\n',
  })
  const config = file('ListenPort = 9\nTable = off', '10.9.0.0/16')
  expect(await bench.up(config)).toBe(1)
  expect(bench.takeLines()).toContain(
    'wg-quick: ListenPort 9 is in use; choose another one, or end what has it',
  )
  expect(leftovers()).toEqual(clean)
})

test('NetBSD: an ifconfig without the word `description` cannot carry another name: said, and nothing stays', async () => {
  open('netbsd', [four])
  bench.simulated.failures.set('description', {
    status: 1,
    stdout: '',
    stderr: 'ifconfig: description: bad value\n',
  })
  const config = file('Address = 10.0.0.2/24', '10.9.0.0/16')
  expect(await bench.up(config, 'office')).toBe(1)
  expect(bench.takeLines().join('\n')).toContain('ifconfig: description: bad value')
  expect(leftovers()).toEqual(clean)
  // wgN needs no description.
  expect(await bench.up(config, 'wg0')).toBe(0)
})

test.each(['openbsd', 'netbsd'] as const)(
  '%s: a daemon whose interface cannot carry the name of the tunnel ends',
  async (name) => {
    open(name, [four])
    bench.programs.add('wireguard-go')
    bench.simulated.failures.set('ifconfig wg0 create', {
      status: 1,
      stdout: '',
      stderr: 'ifconfig: SIOCIFCREATE: Invalid argument\n',
    })
    bench.simulated.failures.set('ifconfig tun0 description', {
      status: 2,
      stdout: '',
      stderr: 'ifconfig: description: bad value\n',
    })
    expect(await bench.up(file('Address = 10.0.0.2/24', '10.9.0.0/16'))).toBe(2)
    expect(bench.takeLines().join('\n')).toContain('ifconfig: description: bad value')
    expect([...bench.daemonSockets]).toEqual([])
    expect(leftovers()).toEqual(clean)
  },
)

test('OpenBSD: name servers beyond the fifth are left out', async () => {
  open('openbsd', [four])
  bench.simulated.processes.add('unwind')
  writeFileSync(join(bench.directory, 'resolv.conf'), 'nameserver 192.168.1.1\n')
  const servers = [1, 2, 3, 4, 5, 6].map((last) => `10.0.0.${last}`)
  const config = file(`Address = 10.0.0.2/24\nDNS = ${servers.join(', ')}`, '10.9.0.0/16')
  expect(await bench.up(config)).toBe(0)
  expect(bench.simulated.resolvers.get('wg0')).toBe(servers.slice(0, 5).join(' '))
  expect(await bench.differences(config)).toEqual([])
})
