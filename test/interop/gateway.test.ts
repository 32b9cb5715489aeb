// SPDX-License-Identifier: MIT
// A server as its administrator makes it, and a client with Debian's wg-quick and wireguard-go that takes the file of
// `wgq peer add`, by way of a QR code: it reaches what lies behind the server, over IPv4 and IPv6.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { program, whyNoTunnel } from '../support/implementation.ts'
import { connect, type Finished, Namespace, until } from '../support/netns.ts'
import { workspace } from '../support/workspace.ts'

const why = whyNoTunnel('wireguard-go', 'wg-quick', 'zbarimg', 'nft', 'iptables')
if (why) console.warn(`interop/gateway: skipped: ${why}`)

// Names of interfaces are sockets in a folder that all namespaces share.
const id = randomBytes(3).toString('hex')
const server = `wgs${id}`
const client = `wgc${id}`
const inside = { v4: '198.51.100.1', v6: '2001:db8:51::1' }

const fixture = (name: string): string => join(workspace, 'test/fixtures/firewalls', name)

describe.skipIf(why)('a gateway and a client of the reference', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wgq-gateway-'))
  const path = join(folder, `${server}.conf`)
  const other = join(folder, `wgt${id}.conf`)
  const clientPath = join(folder, `${client}.conf`)
  let gateway: Namespace
  let internet: Namespace
  let phone: Namespace

  beforeAll(() => {
    gateway = new Namespace('gateway')
    internet = new Namespace('internet')
    phone = new Namespace('phone')
    connect(
      { ns: gateway, dev: 'up0', addresses: ['198.51.100.2/24', '2001:db8:51::2/64'] },
      { ns: internet, dev: 'eth0', addresses: ['198.51.100.1/24', '2001:db8:51::1/64'] },
    )
    gateway.run('ip', 'route', 'add', 'default', 'via', inside.v4)
    gateway.run('ip', '-6', 'route', 'add', 'default', 'via', inside.v6)
    // The phone is not routed to the internet side but to the server: the only way there is the tunnel.
    connect(
      { ns: gateway, dev: 'lan0', addresses: ['203.0.113.1/24'] },
      { ns: phone, dev: 'eth0', addresses: ['203.0.113.2/24'] },
    )
  })
  beforeEach(() => {
    gateway.run('nft', 'flush', 'ruleset')
    for (const file of [path, other]) rmSync(file, { force: true })
  })
  afterAll(() => {
    for (const ns of [gateway, internet, phone]) ns?.remove()
    rmSync(folder, { recursive: true, force: true })
  })

  const wgq = (...args: string[]): Finished =>
    gateway.tryRun(program('wgq'), args, { env: { WG_QUICK_USERSPACE_IMPLEMENTATION: '' } })
  const ok = (...args: string[]): string => {
    const done = wgq(...args)
    expect(done.status, `wgq ${args.join(' ')}\n${done.stdout}${done.stderr}`).toBe(0)
    return done.stdout
  }
  const quick = (verb: string): Finished =>
    phone.tryRun('wg-quick', [verb, clientPath], {
      env: { WG_QUICK_USERSPACE_IMPLEMENTATION: 'wireguard-go' },
    })
  const reaches = (address: string): boolean =>
    phone.tryRun('ping', ['-c', '1', '-W', '3', address]).status === 0
  /** What the machine looks like, as far as a gateway changes it. */
  const machine = (): string[] => [
    gateway.run('nft', '--stateless', 'list', 'ruleset'),
    gateway.run('iptables-save').replace(/^#.*$|\[\d+:\d+\]/gm, ''),
    gateway.run('ip6tables-save').replace(/^#.*$|\[\d+:\d+\]/gm, ''),
    gateway.run('sysctl', 'net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding'),
    gateway.run('ip', 'rule'),
    // Link-local addresses of the links below come by themselves, a second after the links.
    gateway.run('ip', 'route', 'show', 'table', 'all').replace(/^local fe80.*\n/gm, ''),
  ]

  /** init and peer add; the client's file is what a phone reads from the picture. */
  const makeBoth = (): void => {
    ok('init', path, '--endpoint', '203.0.113.1', '--nat')
    // No resolver program is wanted on the phone.
    writeFileSync(path, readFileSync(path, 'utf8').replace(/^# ClientDNS.*\n/m, ''), { mode: 0o600 })
    const file = join(folder, 'phone.conf')
    rmSync(file, { force: true })
    ok('peer', 'add', path, 'phone', '--output', file)
    ok('qr', '--png', join(folder, 'phone.png'), file)
    const read = spawnSync('zbarimg', ['-q', '--raw', join(folder, 'phone.png')], { encoding: 'utf8' })
    expect(read.status).toBe(0)
    expect(read.stdout).toContain(/^PrivateKey = .*$/m.exec(readFileSync(file, 'utf8'))?.[0])
    writeFileSync(clientPath, read.stdout, { mode: 0o600 })
  }

  test.each([
    ['nothing is filtered', []],
    [
      'iptables drops what is forwarded',
      [
        ['iptables', '-P', 'FORWARD', 'DROP'],
        ['ip6tables', '-P', 'FORWARD', 'DROP'],
      ],
    ],
    [
      'a table of nft drops what is forwarded',
      [
        ['nft', 'add table inet guard'],
        ['nft', 'add chain inet guard forward { type filter hook forward priority 0; policy drop; }'],
      ],
    ],
    [
      'Docker came first',
      [
        ['iptables', '-P', 'FORWARD', 'DROP'],
        ['iptables', '-N', 'DOCKER-USER'],
        ['iptables', '-A', 'FORWARD', '-j', 'DOCKER-USER'],
        ['iptables', '-A', 'DOCKER-USER', '-j', 'RETURN'],
      ],
    ],
    // Rule sets as the programs themselves load them.
    [
      'ufw is enabled',
      [
        ['iptables-restore', fixture('ufw-0.36.rules')],
        ['ip6tables-restore', fixture('ufw-0.36.rules6')],
        ['iptables', '-A', 'ufw-user-input', '-p', 'udp', '--dport', '51820', '-j', 'ACCEPT'],
      ],
    ],
    [
      'firewalld runs',
      [
        ['nft', '-f', fixture('firewalld-1.3.nft')],
        ['nft', 'add rule inet firewalld filter_IN_public_allow udp dport 51820 accept'],
      ],
    ],
  ])('reaches the other side where %s; afterwards the machine is as before', async (_, commands) => {
    for (const [command = '', ...args] of commands) gateway.run(command, ...args)
    const before = machine()
    try {
      makeBoth()
      ok('up', path)
      expect(ok('diff', path)).toBe('')
      const up = quick('up')
      expect(up.status, up.stderr).toBe(0)
      for (const address of [inside.v4, inside.v6]) expect(reaches(address), address).toBe(true)
      // The other side has no route to the tunnel's networks: it answers to the server's own address.
      expect(internet.tryRun('ip', ['route', 'get', '10.8.0.2']).status).not.toBe(0)
      expect(wgq('peer', 'list', path).stdout).toMatch(/^phone .* \d+s /m)
    } finally {
      quick('down')
      ok('down', path)
    }
    expect(machine()).toEqual(before)
    gateway.run('nft', 'flush', 'ruleset')
    await until('the client to be gone', () => !phone.run('ip', 'link').includes(client))
  })

  test('what others take away is a difference, and comes back', () => {
    gateway.run('iptables', '-P', 'FORWARD', 'DROP')
    const before = machine()
    makeBoth()
    ok('up', path)
    for (const [command = '', ...args] of [
      ['iptables', '-F', 'FORWARD'],
      ['nft', 'flush', 'table', 'inet', `wgq-nat-${server}`],
      ['sysctl', '-q', '-w', 'net.ipv4.ip_forward=0'],
    ]) {
      gateway.run(command, ...args)
      expect(wgq('diff', path).status, command).toBe(2)
      ok('reload', path)
      expect(ok('diff', path), command).toBe('')
    }
    writeFileSync(path, readFileSync(path, 'utf8').replace('# Masquerade = auto', '# Masquerade = off'))
    expect(wgq('diff', path).status).toBe(2)
    ok('reload', path)
    expect(machine().slice(0, 4)).toEqual(before.slice(0, 4))
    writeFileSync(path, readFileSync(path, 'utf8').replace('# Masquerade = off', '# Masquerade = up0'))
    ok('reload', path)
    expect(gateway.run('nft', 'list', 'table', 'inet', `wgq-nat-${server}`)).toContain(
      'oifname "up0" masquerade',
    )
    ok('down', path)
    expect(machine()).toEqual(before)
    gateway.run('nft', 'flush', 'ruleset')
  })

  test('forwarding goes off with the last of two that need it', () => {
    makeBoth()
    ok('init', other, '--nat')
    const before = machine()
    ok('up', path)
    ok('up', other)
    ok('down', path)
    expect(gateway.run('sysctl', '-n', 'net.ipv4.ip_forward')).toBe('1\n')
    ok('down', other)
    expect(machine()).toEqual(before)
  })
})
