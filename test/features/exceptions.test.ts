// SPDX-License-Identifier: MIT
// What may pass beside a full tunnel with a kill switch, looked at on the uplink: with nft and with iptables.
import type { ChildProcess } from 'node:child_process'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { program, whyNoTunnel } from '../support/implementation.ts'
import { LiveTunnel } from '../support/live-tunnel.ts'
import { until } from '../support/netns.ts'

const tools = ['nft', 'iptables-restore', 'ip6tables-restore', 'tcpdump', 'setpriv']
const why = whyNoTunnel(...tools)
if (why) console.warn(`features/exceptions: skipped: ${why}`)

/** Runs a program where nft is not a program. */
const withoutNft = ['sh', '-c', 'mount --bind /dev/null "$(command -v nft)" && exec "$@"', 'sh']

/** Where packets go in each family; alpha answers for all of it. */
const places = {
  IPv4: {
    ip: 'ip -4',
    network: '203.0.113.0/24',
    inNetwork: '203.0.113.7',
    elsewhere: '198.51.100.7',
    inLan: '10.99.0.7',
    lan: '10.99.0.0/24',
    outsider: '192.0.2.7',
    here: '10.77.1.1',
    next: '10.77.1.2',
    inner: '10.60.0.1',
    iptables: 'iptables',
  },
  IPv6: {
    ip: 'ip -6',
    network: '2001:db8:203::/48',
    inNetwork: '2001:db8:203::7',
    elsewhere: '2001:db8:198::7',
    inLan: 'fd99::7',
    lan: 'fd99::/64',
    outsider: '2001:db8:192::7',
    here: 'fd77:1::1',
    next: 'fd77:1::2',
    inner: 'fd60::1',
    iptables: 'ip6tables',
  },
} as const
type Place = (typeof places)[keyof typeof places]

describe.skipIf(why)('exceptions', () => {
  let tunnel: LiveTunnel
  let capture: ChildProcess
  let seen = ''
  beforeAll(async () => {
    tunnel = await LiveTunnel.open()
    const [alpha] = tunnel.peers
    tunnel.ns.run('ip', 'address', 'add', 'fd77:1::1/64', 'dev', 'up1', 'nodad')
    alpha?.ns.run('ip', 'address', 'add', 'fd77:1::2/64', 'dev', 'up0', 'nodad')
    alpha?.ns.run('ip', '-6', 'route', 'add', 'default', 'via', 'fd77:1::1')
    tunnel.ns.run('ip', '-6', 'route', 'add', 'default', 'via', 'fd77:1::2')
    for (const { inNetwork, elsewhere, inLan, lan, outsider, next } of Object.values(places)) {
      for (const address of [inNetwork, elsewhere, inLan, outsider])
        alpha?.ns.run('ip', 'address', 'add', address, 'dev', 'lo')
      tunnel.ns.run('ip', 'route', 'add', lan, 'via', next)
    }
    tunnel.ns.run('ip', 'link', 'add', 'bridge0', 'type', 'veth', 'peer', 'name', 'bridge1')
    tunnel.ns.run('ip', 'address', 'add', '172.30.0.1/24', 'dev', 'bridge0')
    for (const dev of ['bridge0', 'bridge1']) tunnel.ns.run('ip', 'link', 'set', dev, 'up')
    tunnel.ns.run('sysctl', '-qw', 'net.ipv4.conf.all.rp_filter=1', 'net.ipv4.conf.up1.rp_filter=1')
    capture = tunnel.ns.start('tcpdump', ['-lnni', 'up1', 'not (udp port 51820) and not arp'])
    let ready = ''
    capture.stdout?.setEncoding('utf8').on('data', (text: string) => {
      seen += text
    })
    capture.stderr?.setEncoding('utf8').on('data', (text: string) => {
      ready += text
    })
    await until('tcpdump to listen', () => ready.includes('listening on'))
    tunnel.ns.start(process.execPath, ['-e', serve])
  })
  afterEach(() => tunnel?.wgq('down', tunnel.configPath))
  afterAll(() => tunnel?.remove())

  const write = (...directives: string[]) =>
    tunnel.write(
      tunnel
        .defaultConfig()
        .replace(
          '[Peer]',
          `${['KillSwitch = on', ...directives].map((line) => `# ${line}\n`).join('')}[Peer]`,
        )
        .replace('10.60.0.1/24', '10.60.0.1/24, fd60::1/64')
        .replace('AllowedIPs = 10.60.0.2/32', 'AllowedIPs = 0.0.0.0/0, ::/0'),
    )
  /** One UDP packet to the discard port; says whether it was seen on the uplink. */
  const leavesOutside = async (address: string, ...as: string[]): Promise<boolean> => {
    const before = seen.length
    tunnel.ns.tryRun(as[0] ?? 'env', [...as.slice(1), 'bash', '-c', `echo x > /dev/udp/${address}/9`])
    // What is sent after it is seen after it.
    tunnel.peers[0]?.ns.tryRun('ping', ['-c', '1', '-W', '0.1', '-s', '17', '10.77.1.1'])
    await until('the end of the capture', () => /ICMP echo request.*length 25/.test(seen.slice(before)))
    return seen.slice(before).includes(`> ${address}.9:`)
  }
  const asUser = (uid: number) => ['setpriv', '--reuid', `${uid}`, '--clear-groups']
  /** A connection from outside, whose answer would take the default route. */
  const isAnswered = ({ here, outsider }: Place): boolean =>
    tunnel.peers[0]?.ns.tryRun(process.execPath, ['-e', connect, here, outsider]).status === 0

  test.each([
    ['IPv4', 'nft', []],
    ['IPv4', 'iptables', withoutNft],
    ['IPv6', 'nft', []],
    ['IPv6', 'iptables', withoutNft],
  ] as const)(
    'networks, users, answers and the LAN pass, and nothing else: %s, %s',
    async (family, tool, first) => {
      const place = places[family]
      const wgq = (...args: string[]) => {
        const [command = '', ...rest] = [...first, program('wgq'), ...args]
        return tunnel.ns.tryRun(command, rest, { env: { WG_QUICK_USERSPACE_IMPLEMENTATION: '' } })
      }
      const right = (...args: string[]) => {
        const done = wgq(...args)
        expect(done.status, done.stderr + done.stdout).toBe(0)
      }
      write(
        `KillSwitchAllow = ${place.network}, uid 1234`,
        'KillSwitchAllow = dev bridge0, lan',
        'ReplyOutside = on',
      )
      right('up', tunnel.configPath)
      expect(tunnel.reaches(2)).toBe(true)
      expect(await leavesOutside(place.inNetwork)).toBe(true)
      expect(await leavesOutside(place.elsewhere)).toBe(false)
      expect(await leavesOutside(place.elsewhere, ...asUser(1234))).toBe(true)
      expect(await leavesOutside(place.elsewhere, ...asUser(1235))).toBe(false)
      // A private network behind a router of the LAN.
      expect(await leavesOutside(place.inLan)).toBe(true)
      expect(seen).not.toContain(place.inner)
      expect(isAnswered(place)).toBe(true)
      // What is taken away is seen and put back.
      right('diff', tunnel.configPath)
      tunnel.ns.run('sh', '-c', `${place.ip} rule delete to ${place.network} lookup main`)
      if (tool === 'nft') tunnel.ns.run('nft', 'delete', 'table', 'inet', `wgq-aside-${tunnel.device}`)
      else tunnel.ns.run(place.iptables, '-t', 'mangle', '-F', `wgq-pre-${tunnel.device}`)
      const { status, stdout } = wgq('diff', tunnel.configPath)
      expect(status, stdout).toBe(2)
      expect(stdout).toContain(`to ${place.network}`)
      expect(stdout).toMatch(/exceptions/)
      right('reload', tunnel.configPath)
      right('diff', tunnel.configPath)
      expect(isAnswered(place)).toBe(true)
      // Fewer of them.
      write('KillSwitchAllow = dev bridge0')
      right('reload', tunnel.configPath)
      right('diff', tunnel.configPath)
      expect(await leavesOutside(place.inNetwork)).toBe(false)
      expect(await leavesOutside(place.elsewhere, ...asUser(1234))).toBe(false)
      expect(await leavesOutside(place.inLan)).toBe(false)
      expect(isAnswered(place)).toBe(false)
      right('down', tunnel.configPath)
      const rules = tunnel.ns.run('sh', '-c', `${place.ip} rule`)
      for (const word of ['uidrange', place.network, 'fwmark']) expect(rules).not.toContain(word)
      expect(tunnel.ns.run('nft', 'list', 'ruleset')).not.toMatch(/wgq-/)
    },
  )

  test('our rules come behind those of a VPN that takes only some networks', () => {
    const ip = (line: string) => tunnel.ns.run('ip', ...line.split(' '))
    const way = () => tunnel.ns.run('ip', 'route', 'get', '100.64.0.9')
    ip('rule add preference 5210 fwmark 0x80000/0xff0000 lookup main')
    ip('rule add preference 5270 lookup 52')
    ip('route add 100.64.0.0/10 dev bridge0 table 52')
    try {
      write()
      tunnel.up()
      expect(way()).toContain('dev bridge0')
      expect(tunnel.reaches(2)).toBe(true)
      expect(tunnel.wgq('diff', tunnel.configPath).status).toBe(0)
      write('Before = 5270')
      expect(tunnel.wgq('reload', tunnel.configPath).status).toBe(0)
      expect(way()).toContain(`dev ${tunnel.device}`)
      const { stdout } = tunnel.wgq('doctor', tunnel.device)
      expect(stdout).toMatch(
        /rule 5270 \(table 52\) has a route for 100\.64\.0\.0\/10, but rule 5269 comes first/,
      )
      write()
      expect(tunnel.wgq('diff', tunnel.configPath).status).toBe(2)
      expect(tunnel.wgq('reload', tunnel.configPath).status).toBe(0)
      expect(way()).toContain('dev bridge0')
      expect(tunnel.wgq('doctor', tunnel.device).stdout).not.toContain('comes first')
    } finally {
      ip('rule delete preference 5210')
      ip('rule delete preference 5270')
    }
  })

  test('what is not an exception is refused with its place', () => {
    write('KillSwitchAllow = eth0')
    const done = tunnel.wgq('up', tunnel.configPath)
    expect(done.status).not.toBe(0)
    expect(done.stderr).toMatch(/KillSwitchAllow takes no "eth0"\n\s+--> .*:7:1/)
  })
})

const serve = `require('node:net').createServer((socket) => socket.end('hello')).listen(8080)`
const connect = `
const [host, localAddress] = process.argv.slice(1)
const socket = require('node:net').connect({ host, port: 8080, localAddress })
const give = setTimeout(() => process.exit(1), 1500)
socket.on('data', () => process.exit(0)).on('error', () => process.exit(1))`
