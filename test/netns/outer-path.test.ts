// SPDX-License-Identifier: MIT
// What a daemon does about the network outside of its tunnel: addresses, routes, adapters and errors that change under it.
import { afterEach, describe, expect, it } from 'vitest'
import { Capture } from '../support/capture.ts'
import { Daemon } from '../support/daemon.ts'
import { testingOurs, whyNoTunnel } from '../support/implementation.ts'
import { connect, Namespace, until } from '../support/netns.ts'
import { type End, makeTextKeys, Tunnel } from '../support/tunnel.ts'

const why = testingOurs ? whyNoTunnel('nft') : 'what wireguard-go is not known to do'
if (why) console.log(`outer path tests skipped: ${why}`)

describe.skipIf(why)('the path outside of a tunnel', () => {
  let tunnel: Tunnel | undefined
  const spaces: Namespace[] = []
  const space = (): Namespace => {
    const ns = new Namespace('path')
    spaces.push(ns)
    return ns
  }
  const open = async (options: Partial<Parameters<typeof Tunnel.open>[0]> = {}): Promise<Tunnel> => {
    tunnel = await Tunnel.open({ label: 'path', ...options })
    return tunnel
  }
  afterEach(() => {
    tunnel?.remove()
    tunnel = undefined
    for (const ns of spaces.splice(0)) ns.remove()
  })

  const lengths = (capture: Capture): number[] => capture.packets().map((packet) => packet.readUInt16BE(2))

  it.each([4, 6] as const)('never takes its own IPv%i address for the source outside', async (outer) => {
    const { a, b } = await open({ outer, knows: [true, false] })
    // The uplink of a has no address of the family but what every IPv6 link has.
    a.ns.run('ip', 'address', 'flush', 'dev', 'veth0', 'scope', 'global')
    a.ns.run('ip', 'link', 'add', 'other0', 'type', 'veth', 'peer', 'name', 'other1')
    a.ns.run('ip', 'link', 'set', 'other0', 'up')
    a.ns.run('sh', '-c', 'for f in all veth0; do echo 0 > /proc/sys/net/ipv4/conf/$f/rp_filter; done')
    const [right, length] = outer === 4 ? ['172.31.9.9', 32] : ['2001:db8:9::9', 128]
    a.ns.run('ip', 'address', 'add', `${right}/${length}`, 'dev', 'other0', ...(outer === 6 ? ['nodad'] : []))
    a.ns.run('ip', 'route', 'add', outer === 4 ? b.outer.v4 : b.outer.v6, 'dev', 'veth0')
    if (outer === 4) b.ns.run('ip', 'route', 'add', right, 'dev', 'veth0')
    else {
      const link =
        a.ns.run('ip', '-6', '-o', 'address', 'show', 'dev', 'veth0').match(/fe80::[0-9a-f:]+/)?.[0] ?? ''
      b.ns.run('ip', 'route', 'add', right, 'via', link, 'dev', 'veth0')
    }
    // What the system would choose.
    a.ns.run(
      'ip',
      'address',
      'add',
      outer === 4 ? '10.77.0.99/32' : 'fd77::99/128',
      'dev',
      a.device,
      ...(outer === 6 ? ['nodad'] : []),
    )
    const chosen = a.ns.run('ip', 'route', 'get', outer === 4 ? b.outer.v4 : b.outer.v6)
    expect(tunnel?.ping(), chosen).toBe(true)
    expect(b.daemon.showPeer('endpoints', a.keys.publicKey)).toBe(
      outer === 4 ? `${right}:${a.port}` : `[${right}]:${a.port}`,
    )
  })

  it('finds an endpoint of a link again whose adapter was plugged in anew', async () => {
    const { a, b } = await open()
    const linkLocal = (end: End): string =>
      end.ns
        .run('ip', '-6', '-o', 'address', 'show', 'dev', 'veth0', 'scope', 'link')
        .match(/fe80::[0-9a-f:]+/)?.[0] ?? ''
    await until('addresses of the link', () => linkLocal(a) !== '' && linkLocal(b) !== '')
    const there = linkLocal(b)
    a.daemon.set('peer', b.keys.publicKey, 'endpoint', `[${there}%veth0]:${b.port}`)
    await until('the way over the link', () => tunnel?.ping('a', '-c', '1', '-W', '1'))
    const index = (): string => a.ns.run('cat', '/sys/class/net/veth0/ifindex').trim()
    const before = index()
    a.ns.run('ip', 'link', 'del', 'veth0')
    connect({ ns: a.ns, dev: 'spare', addresses: [] }, { ns: b.ns, dev: 'spare', addresses: [] })
    connect({ ns: a.ns, dev: 'veth0', addresses: [] }, { ns: b.ns, dev: 'veth0', addresses: [`${there}/64`] })
    expect(index()).not.toBe(before)
    await until('the peer by the new adapter', () => tunnel?.ping('a', '-c', '1', '-W', '1'), 20_000)
    expect(a.daemon.showPeer('endpoints', b.keys.publicKey)).toBe(`[${there}%veth0]:${b.port}`)
  })

  it.each([
    ['where it is', []],
    ['in another namespace', ['moved']],
    ['in the second namespace that it was moved to', ['moved', 'moved']],
  ])('pads no packet beyond the MTU of the link, %s', async (_, moves) => {
    const { a, b } = await open()
    let ns = a.ns
    for (const _move of moves) {
      const next = space()
      ns.run('ip', 'link', 'set', a.device, 'netns', next.name)
      ns = next
      ns.run('ip', 'link', 'set', a.device, 'up')
      ns.run('ip', 'address', 'add', `${a.inner.v4}/24`, 'dev', a.device)
      expect(ns.tryRun('ping', ['-n', '-q', '-c', '1', '-W', '5', b.inner.v4]).status).toBe(0)
    }
    const capture = await Capture.start(b.ns, 'veth0', 'udp and dst port 20000')
    for (const mtu of [1300, 1411, 1290, 1299]) {
      ns.run('ip', 'link', 'set', a.device, 'mtu', String(mtu))
      ns.run('ping', '-n', '-q', '-c', '1', '-W', '5', '-s', String(mtu - 28), '-M', 'do', b.inner.v4)
      await until('the packet', () => lengths(capture).includes(mtu + 60))
    }
    capture.stop()
    expect(Math.max(...lengths(capture))).toBe(1411 + 60)
  })

  it.each([4, 6] as const)('pads no packet beyond the MTU of its route, IPv%i', async (inner) => {
    const { a, b } = await open()
    const there = b.inner[`v${inner}`]
    a.ns.run('ip', 'route', 'replace', there, 'dev', a.device, 'mtu', '1301')
    const capture = await Capture.start(b.ns, 'veth0', 'udp and dst port 20000')
    const head = inner === 4 ? 28 : 48
    // One of each length that padding would take beyond.
    for (const less of [0, 4, 12])
      a.ns.run('ping', '-n', '-q', '-c', '1', '-W', '5', '-s', String(1301 - less - head), '-M', 'do', there)
    await until('the packets', () => lengths(capture).filter((length) => length > 1300).length >= 3)
    capture.stop()
    expect(Math.max(...lengths(capture))).toBe(1301 + 60)
  })

  it.each([4, 6] as const)('notices a loop over two devices, IPv%i outside', async (outer) => {
    const { a, b } = await open({ outer })
    const inside = await Promise.all([a, b].map((end) => Daemon.start(end.ns)))
    const keys = [makeTextKeys(), makeTextKeys()] as const
    const far = [outer === 4 ? '10.99.0.1' : 'fd99::1', outer === 4 ? '10.99.0.2' : 'fd99::2'] as const
    for (const [i, end] of [a, b].entries()) {
      const other = i === 0 ? b : a
      const daemon = inside[i] as Daemon
      const carried = outer === 4 ? other.inner.v4 : `[${other.inner.v6}]`
      daemon.setconf(
        `[Interface]\nPrivateKey = ${keys[i]?.privateKey}\nListenPort = 3000${i}\n[Peer]\nPublicKey = ${
          keys[1 - i]?.publicKey
        }\nAllowedIPs = ${far[1 - i]}\nEndpoint = ${carried}:3000${1 - i}\n`,
      )
      end.ns.run('ip', 'link', 'set', daemon.device, 'mtu', '1340', 'up')
      end.ns.run(
        'ip',
        'address',
        'add',
        `${far[i]}/${outer === 4 ? 24 : 64}`,
        'dev',
        daemon.device,
        ...(outer === 6 ? ['nodad'] : []),
      )
    }
    const ping = (): boolean => a.ns.tryRun('ping', ['-n', '-q', '-c', '1', '-W', '5', far[1]]).status === 0
    expect(ping()).toBe(true)
    const before = a.daemon.transfer(b.keys.publicKey).sent
    a.daemon.set(
      'peer',
      b.keys.publicKey,
      'endpoint',
      outer === 4 ? `${far[1]}:${b.port}` : `[${far[1]}]:${b.port}`,
    )
    await a.ns.finish('ping', ['-q', '-n', '-c', '10', '-f', '-s', '1200', '-W', '1', b.inner.v4])
    expect(a.daemon.transfer(b.keys.publicKey).sent - before).toBeLessThan(150_000)
    a.daemon.set(
      'peer',
      b.keys.publicKey,
      'endpoint',
      outer === 4 ? `${b.outer.v4}:${b.port}` : `[${b.outer.v6}]:${b.port}`,
    )
    await until('the tunnel in the tunnel', ping)
  })

  it.each(['no peer', 'no endpoint'])(
    'says through a NAT that a host cannot be reached: %s',
    async (lack) => {
      const { a, b } = await open({ knows: [false, true] })
      const client = space()
      connect(
        { ns: client, dev: 'lan0', addresses: ['192.168.7.2/24', 'fd07::2/64'] },
        { ns: a.ns, dev: 'lan0', addresses: ['192.168.7.1/24', 'fd07::1/64'] },
      )
      client.run('ip', 'route', 'add', 'default', 'via', '192.168.7.1')
      client.run('ip', '-6', 'route', 'add', 'default', 'via', 'fd07::1')
      a.ns.run(
        'sh',
        '-c',
        'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding',
      )
      a.ns.run('sh', '-c', 'for f in all lan0; do echo 1 > /proc/sys/net/ipv4/conf/$f/rp_filter; done')
      a.ns.run('nft', 'add table inet n; add chain inet n p { type nat hook postrouting priority 100; }')
      a.ns.run('nft', `add rule inet n p oifname ${a.device} masquerade`)
      const to = lack === 'no peer' ? ['192.168.241.77', 'fd00:241::77'] : [b.inner.v4, b.inner.v6]
      for (const address of to) {
        const { stdout } = client.tryRun('ping', ['-n', '-c', '1', '-W', '3', address])
        expect(stdout).toMatch(address.includes(':') ? /Address unreachable/ : /Destination Host Unreachable/)
      }
    },
  )

  it.each([
    ['the link outside is down', ['ip', 'link', 'set', 'veth0', 'down'], 'Network is unreachable'],
    ['there is no route', ['ip', 'route', 'del', '10.77.0.0/24'], 'Network is unreachable'],
    ['a route refuses', ['ip', 'route', 'add', 'unreachable', '10.77.0.2'], 'No route to host'],
    [
      'a packet filter refuses',
      [
        'nft',
        'add table ip f; add chain ip f o { type filter hook output priority 0; }; add rule ip f o udp dport 20000 reject',
      ],
      'Operation not permitted',
    ],
  ])('says why packets do not leave when %s', async (_, command, reason) => {
    const { a, b } = await open({ env: { LOG_LEVEL: 'verbose' } })
    expect(tunnel?.ping()).toBe(true)
    a.ns.run(...(command as [string, ...string[]]))
    a.ns.tryRun('ping', ['-n', '-q', '-i', '0.05', '-c', '30', '-W', '1', b.inner.v4])
    const lines = (): string[] =>
      a.daemon.log.split('\n').filter((line) => line.includes(`Packet not sent: ${reason}`))
    await until('a line of the log', () => lines().length > 0)
    expect(lines()[0]).toContain(`peer(${b.keys.publicKey.slice(0, 4)}`)
    expect(lines().length).toBeLessThanOrEqual(4)
  })
})
