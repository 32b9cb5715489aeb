// SPDX-License-Identifier: MIT
// Where packets leave and where answers go: roaming, several addresses, NAT, policy routing, tunnels in tunnels.
// Each case is a situation that the kernel's driver is tested with, too.
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { Daemon } from '../support/daemon.ts'
import { testingOurs, whyNoTunnel } from '../support/implementation.ts'
import { connect, Namespace, until } from '../support/netns.ts'
import { makeTextKeys, Tunnel } from '../support/tunnel.ts'

const why = whyNoTunnel('nft')
if (why) console.log(`routing tests skipped: ${why}`)

describe.skipIf(why)('roaming', () => {
  let tunnel: Tunnel
  afterEach(() => tunnel?.remove())

  it.each([4, 6] as const)('follows a peer that changes address and port, over IPv%i', async (outer) => {
    tunnel = await Tunnel.open({ label: 'roam', outer })
    const { a, b } = tunnel
    expect(tunnel.ping()).toBe(true)
    const [old, fresh, length] = outer === 4 ? [a.outer.v4, '10.77.0.121', 24] : [a.outer.v6, 'fd77::121', 64]
    a.ns.run('ip', 'address', 'del', `${old}/${length}`, 'dev', 'veth0')
    a.ns.run('ip', 'address', 'add', `${fresh}/${length}`, 'dev', 'veth0', ...(outer === 6 ? ['nodad'] : []))
    a.daemon.set('listen-port', '9999')
    expect(tunnel.ping()).toBe(true)
    const endpoint = outer === 4 ? `${fresh}:9999` : `[${fresh}]:9999`
    expect(b.daemon.showPeer('endpoints', a.keys.publicKey)).toBe(endpoint)
    expect(tunnel.ping('b')).toBe(true)
  })

  it('learns the new endpoint even from a packet whose inner source is refused', async () => {
    tunnel = await Tunnel.open({ label: 'roam' })
    const { a, b } = tunnel
    expect(tunnel.ping()).toBe(true)
    // Another peer takes the address over.
    b.daemon.set('peer', makeTextKeys().publicKey, 'allowed-ips', `${a.inner.v4}/32`)
    a.daemon.set('listen-port', '9997')
    expect(tunnel.ping('a', '-c', '1', '-W', '1')).toBe(false)
    expect(b.daemon.showPeer('endpoints', a.keys.publicKey)).toBe(`${a.outer.v4}:9997`)
  })

  it('answers from the address it was asked at', async () => {
    tunnel = await Tunnel.open({ label: 'many' })
    const { a, b } = tunnel
    b.ns.run('ip', 'address', 'add', '10.77.0.22/24', 'dev', 'veth0')
    b.ns.run('ip', 'address', 'add', 'fd77::22/64', 'dev', 'veth0', 'nodad')
    for (const endpoint of ['10.77.0.22:20000', '[fd77::22]:20000', '10.77.0.2:20000', '[fd77::2]:20000']) {
      a.daemon.set('peer', b.keys.publicKey, 'endpoint', endpoint)
      expect(tunnel.ping(), endpoint).toBe(true)
      expect(tunnel.ping('b'), endpoint).toBe(true)
      expect(a.daemon.showPeer('endpoints', b.keys.publicKey), 'unchanged').toBe(endpoint)
    }
  })

  it('answers from an address of another interface when it was asked there', async () => {
    tunnel = await Tunnel.open({ label: 'other' })
    const { a, b } = tunnel
    b.ns.run('ip', 'link', 'add', 'spare0', 'type', 'veth', 'peer', 'name', 'spare1')
    b.ns.run('ip', 'address', 'add', '10.50.0.1/24', 'dev', 'spare0')
    b.ns.run('ip', 'link', 'set', 'spare0', 'up')
    a.ns.run('ip', 'route', 'add', '10.50.0.0/24', 'via', b.outer.v4)
    a.daemon.set('peer', b.keys.publicKey, 'endpoint', '10.50.0.1:20000')
    expect(tunnel.ping()).toBe(true)
    expect(a.daemon.showPeer('endpoints', b.keys.publicKey)).toBe('10.50.0.1:20000')
    expect(tunnel.ping('b')).toBe(true)
    expect(a.daemon.showPeer('endpoints', b.keys.publicKey)).toBe('10.50.0.1:20000')
  })

  // wireguard-go recovers an IPv4 source only with the next handshake.
  it.each(testingOurs ? ([4, 6] as const) : ([6] as const))(
    'does not stick to a local IPv%i address that is gone',
    async (outer) => {
      tunnel = await Tunnel.open({ label: 'stick', outer })
      const { a, b } = tunnel
      expect(tunnel.ping()).toBe(true)
      expect(tunnel.ping('b')).toBe(true)
      const [old, fresh, length] = outer === 4 ? [b.outer.v4, '10.77.0.10', 24] : [b.outer.v6, 'fd77::10', 64]
      b.ns.run(
        'ip',
        'address',
        'add',
        `${fresh}/${length}`,
        'dev',
        'veth0',
        ...(outer === 6 ? ['nodad'] : []),
      )
      // Else the kernel takes the later addresses of a subnet away with the first.
      b.ns.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/conf/veth0/promote_secondaries')
      b.ns.run('ip', 'address', 'del', `${old}/${length}`, 'dev', 'veth0')
      expect(tunnel.ping('b', '-c', '1', '-W', '1'), 'the very first packet').toBe(true)
      const endpoint = outer === 4 ? `${fresh}:20000` : `[${fresh}]:20000`
      expect(a.daemon.showPeer('endpoints', b.keys.publicKey)).toBe(endpoint)
    },
  )

  it('takes a better route through another interface when one appears', async () => {
    tunnel = await Tunnel.open({ label: 'better' })
    const { a, b } = tunnel
    connect(
      { ns: a.ns, dev: 'veth1', addresses: ['10.79.0.1/24'] },
      { ns: b.ns, dev: 'veth1', addresses: ['10.79.0.2/24'] },
    )
    // a is known by an address that both interfaces can reach.
    a.ns.run('ip', 'address', 'add', '10.60.0.1/32', 'dev', 'lo')
    for (const dev of ['all', 'veth0', 'veth1'])
      a.ns.run('sh', '-c', `echo 0 > /proc/sys/net/ipv4/conf/${dev}/rp_filter`)
    b.ns.run('ip', 'route', 'add', '10.60.0.1', 'via', '10.77.0.1', 'metric', '10')
    b.daemon.set('peer', a.keys.publicKey, 'endpoint', '10.60.0.1:10000')
    expect(tunnel.ping('b')).toBe(true)
    expect(a.daemon.showPeer('endpoints', b.keys.publicKey)).toBe('10.77.0.2:20000')
    b.ns.run('ip', 'route', 'add', '10.60.0.1', 'via', '10.79.0.1', 'metric', '1')
    await pause(100)
    expect(tunnel.ping('b')).toBe(true)
    expect(a.daemon.showPeer('endpoints', b.keys.publicKey)).toBe('10.79.0.2:20000')
  })

  it('renews at once when the private key changes', async () => {
    tunnel = await Tunnel.open({ label: 'keys' })
    const { a, b } = tunnel
    expect(tunnel.ping()).toBe(true)
    const fresh = makeTextKeys()
    b.daemon.set(
      'peer',
      a.keys.publicKey,
      'remove',
      'peer',
      fresh.publicKey,
      'allowed-ips',
      `${a.inner.v4}/32`,
    )
    a.daemon.setconf(`[Interface]\nPrivateKey = ${fresh.privateKey}\nListenPort = ${a.port}\n`, 'addconf')
    expect(tunnel.ping('a', '-c', '1', '-W', '1')).toBe(true)
  })
})

describe.skipIf(why)('policy routing and NAT', () => {
  const spaces: Namespace[] = []
  const space = (label: string): Namespace => {
    const ns = new Namespace(label)
    spaces.push(ns)
    return ns
  }
  let tunnel: Tunnel | undefined
  afterEach(() => {
    tunnel?.remove()
    tunnel = undefined
    for (const ns of spaces.splice(0)) ns.remove()
  })

  it('marks its own packets, so that a default route into the tunnel does not swallow them', async () => {
    tunnel = await Tunnel.open({ label: 'mark', outer: 6 })
    const { a, b } = tunnel
    b.ns.run('ip', 'address', 'add', '8.8.8.8/32', 'dev', 'lo')
    b.ns.run('ip', 'address', 'add', '2001:4860::8/128', 'dev', 'lo')
    for (const family of ['-4', '-6']) {
      a.ns.run('ip', family, 'route', 'add', 'default', 'dev', a.device, 'table', '51820')
      a.ns.run('ip', family, 'rule', 'add', 'not', 'fwmark', '51820', 'table', '51820')
      a.ns.run('ip', family, 'rule', 'add', 'table', 'main', 'suppress_prefixlength', '0')
    }
    // Without these routes the endpoint itself is reached through the main table by its prefix; go through a default.
    a.ns.run('ip', '-6', 'route', 'add', 'default', 'via', b.outer.v6)
    b.ns.run('ip', '-6', 'address', 'add', 'fd99::1/128', 'dev', 'lo')
    a.daemon.set('fwmark', '51820')
    a.daemon.set('peer', b.keys.publicKey, 'endpoint', '[fd99::1]:20000', 'allowed-ips', '0.0.0.0/0,::/0')
    for (const target of ['8.8.8.8', '2001:4860::8', b.inner.v4]) {
      const ping = await a.ns.finish('ping', ['-q', '-n', '-c', '100', '-f', '-W', '1', target])
      expect(ping.stdout, target).toContain(' 0% packet loss')
    }
    expect(a.daemon.transfer(b.keys.publicKey).sent, 'nothing ran in circles').toBeLessThan(100_000)
    expect(a.daemon.show('fwmark')).toBe('0xca6c')
  })

  it('keeps a mapping of a NAT open with persistent keepalives', async () => {
    tunnel = await Tunnel.open({ label: 'nat', knows: [true, false] })
    const { a, b } = tunnel
    const router = space('router')
    // a – router – b: the direct link between a and b is taken away.
    a.ns.run('ip', 'link', 'del', 'veth0')
    connect(
      { ns: a.ns, dev: 'lan0', addresses: ['192.168.7.2/24'] },
      { ns: router, dev: 'lan0', addresses: ['192.168.7.1/24'] },
    )
    connect(
      { ns: router, dev: 'wan0', addresses: ['10.77.0.1/24'] },
      { ns: b.ns, dev: 'wan0', addresses: ['10.77.0.2/24'] },
    )
    a.ns.run('ip', 'route', 'add', 'default', 'via', '192.168.7.1')
    router.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward')
    router.run('nft', 'add table ip nat')
    router.run(
      'nft',
      'add chain ip nat post { type nat hook postrouting priority srcnat; }; add rule ip nat post oifname wan0 snat to 10.77.0.1',
    )
    for (const name of ['udp_timeout', 'udp_timeout_stream'])
      router.run('sh', '-c', `echo 2 > /proc/sys/net/netfilter/nf_conntrack_${name}`)
    a.daemon.set('peer', b.keys.publicKey, 'persistent-keepalive', '1')
    await until(
      'the keepalive to make a session',
      () => b.daemon.showPeer('latest-handshakes', a.keys.publicKey) !== '0',
    )
    expect(b.daemon.showPeer('endpoints', a.keys.publicKey)).toMatch(/^10\.77\.0\.1:/)
    await pause(4_000)
    expect(tunnel.ping('b'), 'the way back is open').toBe(true)
    a.daemon.set('peer', b.keys.publicKey, 'persistent-keepalive', '0')
    await pause(4_000)
    expect(tunnel.ping('b', '-c', '1', '-W', '1'), 'closed without keepalives').toBe(false)
  })

  it.skipIf(!testingOurs)('tells a host behind a NAT that the peer is gone', async () => {
    tunnel = await Tunnel.open({ label: 'gone' })
    const { a, b } = tunnel
    const host = space('lanhost')
    connect(
      { ns: a.ns, dev: 'lan0', addresses: ['192.168.99.1/24'] },
      { ns: host, dev: 'lan0', addresses: ['192.168.99.2/24'] },
    )
    host.run('ip', 'route', 'add', 'default', 'via', '192.168.99.1')
    a.ns.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward')
    a.ns.run('nft', 'add table ip nat')
    a.ns.run(
      'nft',
      `add chain ip nat post { type nat hook postrouting priority srcnat; }; add rule ip nat post oifname ${a.device} masquerade`,
    )
    const ping = () => host.finish('ping', ['-n', '-c', '1', '-W', '2', b.inner.v4])
    expect((await ping()).status).toBe(0)
    a.daemon.set('peer', b.keys.publicKey, 'remove')
    const after = await ping()
    expect(after.status).toBe(1)
    expect(after.stdout).toContain('Destination Host Unreachable')
  })

  it('carries a tunnel in a tunnel', async () => {
    tunnel = await Tunnel.open({ label: 'nest' })
    const { a, b } = tunnel
    const inside = await Promise.all([a, b].map((end) => Daemon.start(end.ns)))
    const keys = [makeTextKeys(), makeTextKeys()] as const
    for (const [i, end] of [a, b].entries()) {
      const other = i === 0 ? b : a
      const daemon = inside[i] as Daemon
      daemon.setconf(
        `[Interface]\nPrivateKey = ${keys[i]?.privateKey}\nListenPort = 3000${i}\n[Peer]\nPublicKey = ${
          keys[1 - i]?.publicKey
        }\nAllowedIPs = 10.99.0.${2 - i}/32\nEndpoint = ${other.inner.v4}:3000${1 - i}\n`,
      )
      end.ns.run('ip', 'link', 'set', daemon.device, 'mtu', '1340', 'up')
      end.ns.run('ip', 'address', 'add', `10.99.0.${i + 1}/24`, 'dev', daemon.device)
    }
    const ping = await a.ns.finish('ping', [
      '-q',
      '-n',
      '-c',
      '200',
      '-f',
      '-s',
      '1200',
      '-W',
      '1',
      '10.99.0.2',
    ])
    expect(ping.stdout).toContain(' 0% packet loss')
  })

  it.skipIf(!testingOurs)('does not amplify when its own packets are routed into itself', async () => {
    tunnel = await Tunnel.open({ label: 'loop' })
    const { a, b } = tunnel
    expect(tunnel.ping()).toBe(true)
    const before = a.daemon.transfer(b.keys.publicKey).sent
    a.daemon.set('peer', b.keys.publicKey, 'allowed-ips', '0.0.0.0/0')
    a.ns.run('ip', 'route', 'add', `${b.outer.v4}/32`, 'dev', a.device)
    await a.ns.finish('ping', ['-q', '-n', '-c', '5', '-i', '0.2', '-W', '1', b.inner.v4])
    expect(a.daemon.transfer(b.keys.publicKey).sent - before).toBeLessThan(70_000)
    a.ns.run('ip', 'route', 'del', `${b.outer.v4}/32`, 'dev', a.device)
    expect(tunnel.ping()).toBe(true)
  })
})

describe.skipIf(why)('keys that must not work', () => {
  // The points of low order and their twin of RFC 7748 §6.1: every shared secret with them is zero.
  const lowOrder = [
    'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
    'AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
    '7P///////////////////////////////////////38=',
    '4Ot6fDtBuK4WVuP68Z/EatoJjeucMrH9hmIFFl9JuAA=',
    'X5yVvKNQjCSx0LFVnIPvWwREXMRYHI6G2CJO3dCfEVc=',
    '7f///////////////////////////////////////38=',
    '7v///////////////////////////////////////38=',
  ]

  it('sends nothing at all to a peer with a key of low order', async () => {
    const ns = new Namespace('low')
    const other = new Namespace('lowpeer')
    try {
      connect(
        { ns, dev: 'veth0', addresses: ['10.77.0.1/24'] },
        { ns: other, dev: 'veth0', addresses: ['10.77.0.2/24'] },
      )
      const daemon = await Daemon.start(ns)
      ns.run('ip', 'link', 'set', daemon.device, 'up')
      daemon.setconf(`[Interface]\nPrivateKey = ${makeTextKeys().privateKey}\n`)
      const packets = (): number =>
        JSON.parse(other.run('ip', '-s', '-j', 'link', 'show', 'veth0'))[0].stats64.rx.bytes
      ns.run('ping', '-c', '1', '-W', '2', '10.77.0.2')
      other.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6')
      ns.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv6/conf/veth0/disable_ipv6')
      const before = packets()
      for (const key of lowOrder)
        daemon.set('peer', key, 'persistent-keepalive', '1', 'endpoint', '10.77.0.2:1111')
      await pause(2_500)
      // An ARP exchange for the ping's sake may still be under way: 42 bytes each.
      expect(packets() - before).toBeLessThan(148)
      expect(daemon.ended).toBe(false)
      daemon.set('peer', makeTextKeys().publicKey, 'persistent-keepalive', '1', 'endpoint', '10.77.0.2:1111')
      await until('a good key to be tried', () => packets() - before > 148)
    } finally {
      ns.remove()
      other.remove()
    }
  })
})
