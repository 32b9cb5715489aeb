// SPDX-License-Identifier: MIT
// What can be set, what can be read back, how much of it, and what a set does to the traffic (spec protocol §12).
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Daemon, withFile } from '../support/daemon.ts'
import { testingOurs, wg, whyNoTunnel } from '../support/implementation.ts'
import { Lab, publicText } from '../support/lab.ts'
import { Namespace, until } from '../support/netns.ts'
import { makeTextKeys, Tunnel } from '../support/tunnel.ts'

const why = whyNoTunnel()
if (why) console.log(`configuration tests skipped: ${why}`)

/** A public key that need not have a private one. */
const someKey = (): string => randomBytes(32).toString('base64')

describe.skipIf(why)('configuration', () => {
  let ns: Namespace
  let daemon: Daemon
  beforeEach(async () => {
    ns = new Namespace('conf')
    daemon = await Daemon.start(ns)
    ns.run('ip', 'link', 'set', daemon.device, 'up')
  })
  afterEach(() => ns?.remove())

  const allowed = (key: string): string[] =>
    (daemon.showPeer('allowed-ips', key) ?? '').split(' ').filter((word) => word && word !== '(none)')

  it('takes 130,560 prefixes and gives them back', async () => {
    const peer = someKey()
    const prefixes: string[] = []
    for (let a = 1; a <= 255; a++)
      for (let b = 0; b <= 255; b++)
        prefixes.push(`${a}.${b}.0.0/16`, `${(0x100 + a).toString(16)}:${b ? `${b.toString(16)}:` : ''}:/32`)
    const start = performance.now()
    daemon.setconf(
      `[Interface]\nPrivateKey = ${makeTextKeys().privateKey}\n[Peer]\nPublicKey = ${peer}\nAllowedIPs = ${prefixes.join(', ')}\n`,
    )
    const setMs = performance.now() - start
    const back = daemon.show('allowed-ips').split(/\s/)
    expect(back).toHaveLength(130_561)
    const seen = new Set(back)
    expect(prefixes.filter((prefix) => !seen.has(prefix))).toEqual([])
    console.log(
      `130,560 prefixes: set in ${Math.round(setMs)} ms, read in ${Math.round(performance.now() - start - setMs)} ms`,
    )
  })

  it('takes many peers with many prefixes each', () => {
    const peers = Array.from({ length: 40 }, someKey)
    daemon.setconf(
      peers
        .map(
          (key, i) =>
            `[Peer]\nPublicKey = ${key}\nAllowedIPs = ${Array.from({ length: 52 }, (_, j) => `10.${i}.${j}.0/24`).join(', ')}\n`,
        )
        .join(''),
    )
    for (const key of peers) expect(allowed(key)).toHaveLength(52)
    daemon.setconf('', 'setconf')
    expect(daemon.show('peers')).toBe('')
    expect(daemon.show('allowed-ips')).toBe('')
  })

  it('agrees with a simple model after a thousand random changes', async () => {
    const peers = Array.from({ length: 8 }, someKey)
    const owner = new Map<string, string>()
    const alive = new Set<string>()
    const random = (n: number) => Math.floor(Math.random() * n)
    const prefix = (): string =>
      random(2)
        ? `10.${random(3)}.${random(3)}.0/${[8, 16, 24][random(3)]}`
        : `fd00:${random(3)}:${random(3)}::/${[16, 32, 48][random(3)]}`
    const masked = (text: string): string => {
      const [address = '', length = ''] = text.split('/')
      if (text.includes(':')) {
        const words = address
          .replace('::', '')
          .split(':')
          .slice(0, Number(length) / 16)
        while (words.length > 1 && words.at(-1) === '0') words.pop()
        return `${words.join(':')}::/${length}`
      }
      const bytes = address.split('.').map((byte, i) => (i < Number(length) / 8 ? byte : '0'))
      return `${bytes.join('.')}/${length}`
    }
    for (let round = 0; round < 100; round++) {
      const lines: string[] = []
      for (let i = 0; i < 10; i++) {
        const key = peers[random(8)] as string
        lines.push(`public_key=${Buffer.from(key, 'base64').toString('hex')}`)
        if (random(10) === 0) {
          lines.push('remove=true')
          alive.delete(key)
          for (const [text, by] of owner) if (by === key) owner.delete(text)
          continue
        }
        alive.add(key)
        if (random(4) === 0) {
          lines.push('replace_allowed_ips=true')
          for (const [text, by] of owner) if (by === key) owner.delete(text)
        }
        for (let j = random(4); j > 0; j--) {
          const text = prefix()
          lines.push(`allowed_ip=${text}`)
          owner.set(masked(text), key)
        }
      }
      expect(await exchange(daemon, `set=1\n${lines.join('\n')}\n\n`)).toContain('errno=0')
      if (round % 10) continue
      expect(daemon.show('peers').split('\n').filter(Boolean).sort()).toEqual([...alive].sort())
      for (const key of alive) {
        const mine = [...owner].filter(([, by]) => by === key).map(([text]) => text)
        expect(allowed(key).sort(), `after round ${round}`).toEqual(mine.sort())
      }
    }
  })

  it('keeps keys clamped, and unsets them by nothing', () => {
    const raw = Buffer.alloc(32, 0xff).toString('base64')
    withFile(raw, (file) => daemon.set('private-key', file))
    const shown = Buffer.from(daemon.show('private-key'), 'base64')
    expect([shown[0], shown[31]]).toEqual([0xf8, 0x7f])
    const peer = someKey()
    withFile(raw, (file) => daemon.set('peer', peer, 'preshared-key', file))
    expect(daemon.showPeer('preshared-keys', peer)).toBe(raw)
    daemon.set('peer', peer, 'preshared-key', '/dev/null')
    expect(daemon.showPeer('preshared-keys', peer)).toBe('(none)')
    daemon.set('private-key', '/dev/null')
    expect(daemon.show('private-key')).toBe('(none)')
  })

  it('does not take itself for a peer', () => {
    const own = makeTextKeys()
    daemon.set('peer', own.publicKey, 'allowed-ips', '10.0.0.0/8')
    expect(daemon.show('peers')).toBe(own.publicKey)
    withFile(own.privateKey, (file) => daemon.set('private-key', file))
    expect(daemon.show('peers'), 'removed when the key becomes the own').toBe('')
    daemon.set('peer', own.publicKey, 'allowed-ips', '10.0.0.0/8')
    expect(daemon.show('peers'), 'ignored').toBe('')
    const other = someKey()
    daemon.setconf(
      `[Peer]\nPublicKey = ${own.publicKey}\nAllowedIPs = 10.0.0.0/8\n[Peer]\nPublicKey = ${other}\nAllowedIPs = 10.1.0.0/16\n`,
      'addconf',
    )
    expect(daemon.show('allowed-ips')).toBe(`${other}\t10.1.0.0/16`)
  })

  it('moves a prefix to whom it is given last, masks it, and removes with a minus', async () => {
    const [one, two] = [someKey(), someKey()]
    daemon.set('peer', one, 'allowed-ips', '10.1.2.3/24,fd00::5/64,0.0.0.0/0,::/0')
    expect(allowed(one).sort()).toEqual(['0.0.0.0/0', '10.1.2.0/24', '::/0', 'fd00::/64'])
    daemon.set('peer', two, 'allowed-ips', '10.1.2.0/24')
    expect(allowed(one)).not.toContain('10.1.2.0/24')
    expect(allowed(two)).toEqual(['10.1.2.0/24'])
    if (!testingOurs) return
    const hex = (key: string) => Buffer.from(key, 'base64').toString('hex')
    await exchange(
      daemon,
      `set=1\npublic_key=${hex(two)}\nallowed_ip=-fd00::/64\nallowed_ip=-10.1.2.0/24\n\n`,
    )
    expect(allowed(two)).toEqual([])
    expect(allowed(one), 'only the owner removes').toContain('fd00::/64')
  })

  it('refuses what makes no sense and stays usable', async () => {
    const bad = [
      'set=1\nprivate_key=xyz\n\n',
      'set=1\nlisten_port=70000\n\n',
      'set=1\nfwmark=-1\n\n',
      'set=1\npublic_key=00\n\n',
      'set=1\nallowed_ip=10.0.0.0/8\n\n',
      `set=1\npublic_key=${'11'.repeat(32)}\nallowed_ip=10.0.0.0/33\n\n`,
      `set=1\npublic_key=${'11'.repeat(32)}\nendpoint=nowhere\n\n`,
      `set=1\npublic_key=${'11'.repeat(32)}\nprotocol_version=2\n\n`,
      `set=1\npublic_key=${'11'.repeat(32)}\npersistent_keepalive_interval=65536\n\n`,
      'set=1\nunknown=1\n\n',
      'set=1\nno equals sign\n\n',
    ]
    for (const request of bad) expect(await exchange(daemon, request), request).toMatch(/errno=(?!0\n)-?\d+/)
    for (const request of [
      '',
      '\n\n\n',
      'get=2\n\n',
      'nonsense\n\n',
      '\0\u{1}\xff\n\n',
      `set=1\n${'x'.repeat(1 << 20)}`,
    ])
      await exchange(daemon, request)
    expect(await exchange(daemon, 'get=1\n\n')).toContain('errno=0')
    expect(
      (await exchange(daemon, 'get=1\n\nget=1\n\n')).match(/errno=0/g),
      'several on one connection',
    ).toHaveLength(2)
    expect(ns.tryRun(wg, ['show', 'doesnotexist']).status).not.toBe(0)
  })

  it('ignores a peer that may only be updated and is not there', async () => {
    const hex = '22'.repeat(32)
    expect(
      await exchange(daemon, `set=1\npublic_key=${hex}\nupdate_only=true\nallowed_ip=10.0.0.0/8\n\n`),
    ).toContain('errno=0')
    expect(daemon.show('peers')).toBe('')
  })

  it('carries ten thousand peers', async () => {
    const before = daemon.usage()
    const start = performance.now()
    daemon.setconf(
      Array.from(
        { length: 10_000 },
        (_, i) => `[Peer]\nPublicKey = ${someKey()}\nAllowedIPs = 10.${i >> 8}.${i & 255}.0/24\n`,
      ).join(''),
    )
    const setMs = performance.now() - start
    expect(daemon.show('peers').split('\n')).toHaveLength(10_000)
    const getMs = performance.now() - start - setMs
    const after = daemon.usage()
    const one = someKey()
    const addStart = performance.now()
    daemon.set('peer', one, 'allowed-ips', '172.16.0.0/16')
    daemon.set('peer', one, 'remove')
    const addMs = performance.now() - addStart
    await pause(2_000)
    const idle = daemon.usage()
    await pause(5_000)
    const cpu = daemon.usage().cpuSeconds - idle.cpuSeconds
    console.log(
      `10,000 peers: set ${Math.round(setMs)} ms, get ${Math.round(getMs)} ms, add and remove one ${Math.round(addMs)} ms, ` +
        `${Math.round((after.rssBytes - before.rssBytes) / 10_000)} bytes each, ${Math.round((cpu / 5) * 1000) / 10} % CPU idle`,
    )
    expect(cpu / 5, 'idle').toBeLessThan(0.1)
  })
})

/** One exchange of text with the configuration socket; returns all that comes until the daemon is done, or silent. */
const exchange = (daemon: Daemon, request: string): Promise<string> =>
  new Promise((resolve) => {
    let text = ''
    const socket = connect(daemon.socket, () => socket.end(Buffer.from(request, 'latin1')))
    socket.setTimeout(1_000, () => socket.destroy())
    socket.setEncoding('utf8').on('data', (more: string) => {
      text += more
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(text))
  })

describe.skipIf(why)('configuration and traffic', () => {
  let tunnel: Tunnel | undefined
  let lab: Lab | undefined
  afterEach(() => {
    tunnel?.remove()
    lab?.remove()
    tunnel = lab = undefined
  })

  it('does not disturb a session by setting what is set already', async () => {
    tunnel = await Tunnel.open({ label: 'same', psk: true })
    const { a, b } = tunnel
    expect(tunnel.ping()).toBe(true)
    const before = a.daemon.showPeer('latest-handshakes', b.keys.publicKey)
    const flow = a.ns.finish('ping', ['-q', '-n', '-i', '0.01', '-c', '300', b.inner.v4])
    for (let i = 0; i < 20; i++) {
      const text = a.ns.run(wg, 'showconf', a.device)
      a.daemon.setconf(text, 'syncconf')
      withFile(a.keys.privateKey, (file) =>
        a.daemon.set('private-key', file, 'listen-port', String(a.port), 'fwmark', '0'),
      )
      await pause(50)
    }
    expect((await flow).stdout).toContain('300 received')
    expect(a.daemon.showPeer('latest-handshakes', b.keys.publicKey)).toBe(before)
  })

  it('asks for a handshake when a keepalive is switched on, and says nothing to a removed peer', async () => {
    lab = await Lab.open()
    const peer = await lab.addPeer({ known: true })
    lab.daemon.set('peer', publicText(peer), 'persistent-keepalive', '5')
    const session = await peer.answer(2_000)
    expect((await peer.nextTransport(session, 2_000))?.plain).toHaveLength(0)
    expect(await peer.ping(session)).toBe(true)
    lab.daemon.set('peer', publicText(peer), 'remove')
    peer.port.drain()
    peer.send(session.seal(peer.echo()), peer.initiation().message)
    expect(await peer.port.next(6_000)).toBeUndefined()
  })

  it('forgets what it knew of a removed peer at once, also while packets flow', async () => {
    tunnel = await Tunnel.open({ label: 'drop' })
    const { a, b } = tunnel
    expect(tunnel.ping()).toBe(true)
    b.ns.start('ping', ['-q', '-n', '-f', '-c', '100000', a.inner.v4])
    for (let i = 0; i < 30; i++) {
      a.daemon.set('peer', b.keys.publicKey, 'remove')
      expect(a.daemon.show('peers')).toBe('')
      a.daemon.set(
        ...['peer', b.keys.publicKey, 'allowed-ips', `${b.inner.v4}/32,${b.inner.v6}/128`],
        ...['endpoint', `${b.outer.v4}:${b.port}`],
      )
    }
    await until('the way to be found again', () => tunnel?.ping('a', '-c', '1', '-W', '1'), 30_000)
  })
})
