// SPDX-License-Identifier: MIT
// `doctor --mtu` on a path that carries less in the middle than at its ends: with routers that say so, and with silent ones.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { program, whyNoTunnel } from '../support/implementation.ts'
import { connect, Namespace, until } from '../support/netns.ts'
import { makeTextKeys } from '../support/tunnel.ts'

const ping = spawnSync('ping', ['-V'], { encoding: 'utf8' })
const why =
  whyNoTunnel('nft') ?? (/iputils/.test(ping.stdout ?? '') ? undefined : 'the ping of iputils is missing')
if (why) console.warn(`features/path-mtu: skipped: ${why}`)

describe.skipIf(why)('a path that carries 1400 bytes', () => {
  let client: Namespace
  let router: Namespace
  let server: Namespace
  let folder: string
  let config: string
  const device = 'mtu0'
  const endpoints = ['198.51.100.1', '2001:db8:5::1'] as const
  beforeAll(async () => {
    client = new Namespace('client')
    router = new Namespace('router')
    server = new Namespace('server')
    connect(
      { ns: client, dev: 'up0', addresses: ['10.1.0.2/24', '2001:db8:1::2/64'] },
      { ns: router, dev: 'in0', addresses: ['10.1.0.1/24', '2001:db8:1::1/64'] },
    )
    connect(
      { ns: router, dev: 'out0', addresses: ['198.51.100.254/24', '2001:db8:5::254/64'] },
      { ns: server, dev: 'up0', addresses: ['198.51.100.1/24', '2001:db8:5::1/64'] },
    )
    router.run('ip', 'link', 'set', 'out0', 'mtu', '1400')
    router.run('sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1')
    for (const [ns, via4, via6] of [
      [client, '10.1.0.1', '2001:db8:1::1'],
      [server, '198.51.100.254', '2001:db8:5::254'],
    ] as const) {
      ns.run('ip', 'route', 'add', 'default', 'via', via4)
      ns.run('ip', 'route', 'add', 'default', 'via', via6)
    }
    folder = mkdtempSync(join(tmpdir(), 'wgq-mtu-'))
    config = join(folder, `${device}.conf`)
    const peers = endpoints.map(
      (address, index) =>
        `[Peer]\nPublicKey = ${makeTextKeys().publicKey}\nEndpoint = ${address.includes(':') ? `[${address}]` : address}:51820\nAllowedIPs = ${index === 0 ? '0.0.0.0/0' : 'fd09::/64'}\n`,
    )
    writeFileSync(
      config,
      `[Interface]\nPrivateKey = ${makeTextKeys().privateKey}\nAddress = 10.9.0.2/24\n${peers.join('')}`,
      { mode: 0o600 },
    )
    // Addresses of routers are tentative for a while (RFC 4862), and answer nobody until then.
    await until('the way to both', () =>
      endpoints.every((address) => client.tryRun('ping', ['-n', '-c', '1', '-W', '1', address]).status === 0),
    )
    client.run(program('wgq'), 'up', config)
  })
  afterAll(() => {
    client?.tryRun(program('wgq'), ['down', config])
    for (const ns of [client, router, server]) ns?.remove()
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  const doctor = () => {
    const { stdout } = client.tryRun(program('wgq'), ['doctor', device, '--mtu', '--json'])
    const [diagnosis] = JSON.parse(stdout) as {
      findings: { check: string; status: string; message: string; hint?: string }[]
    }[]
    return (diagnosis?.findings ?? []).filter(({ message }) => message.startsWith('the way to '))
  }
  const forget = () => {
    for (const family of ['-4', '-6']) client.run('ip', family, 'route', 'flush', 'cache')
  }
  const finds = (status: string, text: string) =>
    endpoints.map((address) =>
      expect.objectContaining({
        status,
        message: expect.stringMatching(new RegExp(`^the way to ${address} ${text}`)),
      }),
    )
  const sorted = () => doctor().sort((a, b) => a.message.localeCompare(b.message))

  test('with routers that say nothing: found by what is answered', () => {
    router.run(
      'nft',
      'add table inet quiet; add chain inet quiet out { type filter hook output priority 0; }',
    )
    router.run('nft', 'add rule inet quiet out icmp type destination-unreachable drop')
    router.run('nft', 'add rule inet quiet out icmpv6 type packet-too-big drop')
    const found = sorted()
    expect(found).toEqual(
      finds('problem', 'carries packets of 1400 bytes, its first link 1500: what is larger is lost'),
    )
    for (const { hint } of found) expect(hint).toBe('Set MTU = 1320 in the [Interface] section')
  })

  test('where the server answers no echo either nothing is known, and that is said', () => {
    server.run('sysctl', '-qw', 'net.ipv4.icmp_echo_ignore_all=1', 'net.ipv6.icmp.echo_ignore_all=1')
    expect(sorted()).toEqual(finds('info', 'is not known: .* answers no echo request'))
  })

  test('routers that say what is too big are enough, answered or not', () => {
    router.run('nft', 'flush ruleset')
    const refused = finds(
      'warning',
      'carries packets of 1400 bytes, its first link 1500: what is larger is refused',
    )
    expect(sorted()).toEqual(refused)
    server.run('sysctl', '-qw', 'net.ipv4.icmp_echo_ignore_all=0', 'net.ipv6.icmp.echo_ignore_all=0')
    forget()
    expect(sorted()).toEqual(refused)
  })

  test('an MTU that fits is said to fit', () => {
    client.run('ip', 'link', 'set', device, 'mtu', '1300')
    expect(sorted()).toEqual(
      finds('ok', 'carries packets of 1400 bytes, its first link 1500: the MTU of mtu0 is 1300'),
    )
  })
})
