// SPDX-License-Identifier: MIT
// Names of endpoints at boot, after a crash and behind a tunnel that is dead.
import { type ChildProcess, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { program, whyNoTunnel } from '../support/implementation.ts'
import { LiveTunnel } from '../support/live-tunnel.ts'
import { NamespaceNames } from '../support/namespace-names.ts'
import { until } from '../support/netns.ts'

const why = whyNoTunnel('nft')
if (why) console.warn(`features/names: skipped: ${why}`)

describe.skipIf(why)('names of endpoints', () => {
  let tunnel: LiveTunnel
  let names: NamespaceNames
  let dns: ChildProcess | undefined
  beforeAll(async () => {
    tunnel = await LiveTunnel.open()
    names = new NamespaceNames(tunnel.ns, '198.51.100.53')
    tunnel.peers[0]?.ns.run('ip', 'address', 'add', '198.51.100.53/32', 'dev', 'lo')
  })
  beforeEach(() => {
    names.setResolver('nameserver 198.51.100.53\n')
    // What the server still owes the tunnel of the test before would bring it here.
    const [alpha] = tunnel.peers
    for (const state of ['down', 'up']) alpha?.ns.run('ip', 'link', 'set', alpha.daemon.device, state)
  })
  afterEach(() => {
    dns?.kill('SIGKILL')
    tunnel.wgq('down', tunnel.configPath)
  })
  afterAll(() => {
    tunnel?.remove()
    names?.remove()
  })

  /** A name server behind the default route that knows gate.example, until the next one or the end of a test. */
  const answer = async (address: string, at = '198.51.100.53', where = tunnel.peers[0]?.ns) => {
    dns?.kill('SIGKILL')
    const started = where?.start(process.execPath, ['-e', dnsProgram, address, at])
    let ready = false
    started?.stdout?.on('data', () => {
      ready = true
    })
    dns = started
    await until('the name server', () => ready)
  }
  const write = (...lines: string[]) =>
    tunnel.write(
      tunnel
        .defaultConfig()
        .replace('[Peer]', `${lines.map((line) => `${line}\n`).join('')}[Peer]`)
        .replace('AllowedIPs = 10.60.0.2/32', 'AllowedIPs = 0.0.0.0/0')
        .replace('Endpoint = 10.77.1.2:51820', 'Endpoint = gate.example:51820'),
    )
  const endpoint = () => tunnel.endpoint()
  /** The last address of gate.example in the journal. */
  const noted = () =>
    readdirSync('/run/wgq')
      .filter((file) => file.startsWith(tunnel.device) && file.endsWith('.json'))
      .map(
        (file) => JSON.parse(readFileSync(`/run/wgq/${file}`, 'utf8')).configured?.names?.['gate.example'],
      )[0]
  const killDataPlane = async () => {
    for (const pid of tunnel.daemonPids()) process.kill(pid, 'SIGKILL')
    await tunnel.untilLink(false)
  }

  test('after a crash behind a kill switch: the name server, and without one the last address', async () => {
    await answer('10.77.1.2')
    write('# KillSwitch = on')
    tunnel.up()
    expect(tunnel.reaches(2)).toBe(true)
    await killDataPlane()
    dns?.kill('SIGKILL')
    const again = tunnel.wgq('up', tunnel.configPath)
    expect(again.status, again.stderr).toBe(0)
    expect(again.stderr).toContain('Going on with its last address, 10.77.1.2')
    expect(endpoint()).toBe('10.77.1.2:51820')
    expect(tunnel.reaches(2)).toBe(true)
    // A name server that says something else counts.
    await killDataPlane()
    await answer('10.77.1.9')
    tunnel.up()
    expect(endpoint()).toBe('10.77.1.9:51820')
  })

  test('a server with another address: the name is asked for beside the dead tunnel', async () => {
    await answer('10.77.1.9')
    write('DNS = 10.60.0.2')
    tunnel.up()
    expect(tunnel.reaches(2)).toBe(false)
    await answer('10.77.1.2')
    const reload = tunnel.wgq('reload', tunnel.configPath)
    expect(reload.status, reload.stderr).toBe(0)
    expect(endpoint()).toBe('10.77.1.2:51820')
    // The next initiation leaves 5 s after the one before.
    await until('an answer', () => tunnel.reaches(2), 30_000)
    // Nobody answers: what runs stays.
    dns?.kill('SIGKILL')
    expect(tunnel.wgq('reload', tunnel.configPath).status).toBe(0)
    expect(endpoint()).toBe('10.77.1.2:51820')
  })

  test.each([
    ['a link-local address', 'nameserver fe80::53%up1\n', 'fe80::53%up0', 'gate.example', false],
    ['a search domain', 'nameserver 198.51.100.53\nsearch corp.example\n', undefined, 'gate', false],
    [
      'the loopback address of a container engine',
      'nameserver 127.0.0.11\n',
      '127.0.0.11',
      'gate.example',
      true,
    ],
  ])('beside a dead tunnel with %s in resolv.conf', async (_, resolver, at, host, isHere) => {
    const [alpha] = tunnel.peers
    alpha?.ns.tryRun('ip', ['address', 'add', 'fe80::53/64', 'dev', 'up0', 'nodad'])
    names.setResolver(resolver)
    const where = isHere ? tunnel.ns : alpha?.ns
    await answer('10.77.1.9', at, where)
    write('DNS = 10.60.0.2')
    tunnel.write(tunnel.read().replace('gate.example', host))
    tunnel.up()
    expect(endpoint()).toBe('10.77.1.9:51820')
    await answer('10.77.1.2', at, where)
    const reload = tunnel.wgq('reload', tunnel.configPath)
    expect(reload.status, reload.stderr).toBe(0)
    expect(endpoint()).toBe('10.77.1.2:51820')
  })

  test('a name server that comes late: `run` waits with READY and looks again', async () => {
    dns?.kill('SIGKILL')
    write('# KillSwitch = on')
    const perl = spawnSync('perl', ['--version']).status === 0
    const socket = `${tunnel.configPath}.notify`
    let told = ''
    if (perl) {
      const listener = tunnel.ns.start('perl', ['-MIO::Socket::UNIX', '-e', notifyProgram, socket])
      listener.stdout?.setEncoding('utf8').on('data', (text: string) => {
        told += text
      })
      await until('the socket', () => told.includes('open'))
    }
    const child = tunnel.ns.start(program('wgq'), ['run', tunnel.configPath], {
      WG_QUICK_USERSPACE_IMPLEMENTATION: '',
      WG_ENDPOINT_RESOLUTION_RETRIES: '0',
      ...(perl && { NOTIFY_SOCKET: socket }),
    })
    await until('the tunnel', () => endpoint() === '(none)', 30_000)
    expect(told).not.toContain('READY')
    await answer('10.77.1.2')
    await until('the endpoint', () => endpoint() === '10.77.1.2:51820', 60_000)
    if (perl) await until('READY', () => told.includes('READY=1'), 30_000)
    expect(tunnel.reaches(2)).toBe(true)
    // What it found is noted: a start after a crash goes on with it where nobody answers.
    await until('the note', () => noted() === '10.77.1.2', 20_000)
    dns?.kill('SIGKILL')
    await killDataPlane()
    await until('the end', () => child.exitCode !== null, 30_000)
    const again = tunnel.wgq('up', tunnel.configPath)
    expect(again.stderr).toContain('Going on with its last address, 10.77.1.2')
    expect(tunnel.reaches(2)).toBe(true)
  })
})

/** Knows the IPv4 address of all names of `example`, its first argument. It listens at the second. */
const dnsProgram = `
const [known, own] = process.argv.slice(1)
const socket = require('node:dgram').createSocket(own.includes(':') ? 'udp6' : 'udp4')
socket.on('message', (query, from) => {
  let at = 12
  while (query[at]) at += query[at] + 1
  const isA = query.readUInt16BE(at + 1) === 1 && query.toString('latin1', at - 7, at) === 'example'
  const head = Buffer.from(query.subarray(0, 12))
  head.writeUInt16BE(0x8180, 2); head.writeUInt16BE(1, 4); head.writeUInt16BE(isA ? 1 : 0, 6); head.writeUInt32BE(0, 8)
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...known.split('.').map(Number)])
  socket.send(Buffer.concat([head, query.subarray(12, at + 5), ...(isA ? [record] : [])]), from.port, from.address)
})
socket.bind(53, own, () => console.log('ready'))
`

const notifyProgram =
  '$| = 1; my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die; print "open\\n"; while (defined $s->recv(my $d, 4096)) { print "$d\\n" }'
