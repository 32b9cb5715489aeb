// SPDX-License-Identifier: MIT
// Much of everything: random input, many peers, and a tunnel that is used and changed for a while without growing.
// WGQ_LONG=1 makes it ten million datagrams, ten minutes and a sleep of 200 s.
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { childEnvironment, childScript } from '../support/child-script.ts'
import { Daemon } from '../support/daemon.ts'
import { long, testingOurs, whyNoTunnel } from '../support/implementation.ts'
import { Lab } from '../support/lab.ts'
import { connect, Namespace } from '../support/netns.ts'
import { transfer } from '../support/transfer.ts'
import { makeTextKeys, Tunnel } from '../support/tunnel.ts'

const why = whyNoTunnel('iperf3')
if (why) console.log(`endurance tests skipped: ${why}`)

const mebibyte = 1 << 20

describe.skipIf(why)('endurance', () => {
  const cleanups: (() => void)[] = []
  afterEach(() => {
    for (const cleanup of cleanups.splice(0).reverse()) cleanup()
  })

  it(
    'survives random and damaged datagrams',
    async () => {
      const lab = await Lab.open()
      cleanups.push(() => lab.remove())
      const peer = await lab.addPeer()
      const session = await peer.handshake()
      expect(await peer.ping(session)).toBe(true)
      const before = lab.daemon.usage()
      const seeds = [
        peer.initiation().message,
        session.seal(peer.echo()),
        session.seal(Buffer.alloc(0)),
        Buffer.concat([Buffer.of(2, 0, 0, 0), Buffer.alloc(88)]),
        Buffer.concat([Buffer.of(3, 0, 0, 0), Buffer.alloc(60)]),
      ].map((message) => message.toString('hex'))
      const count = long ? 10_000_000 : 200_000
      const fuzz = await lab.outside.finish(
        process.execPath,
        [childScript('fuzz'), '10.78.0.1', String(lab.port), String(count), ...seeds],
        { env: childEnvironment, timeoutMs: 1_500_000 },
      )
      expect(fuzz.status, fuzz.stderr).toBe(0)
      expect(lab.daemon.ended).toBe(false)
      expect(await peer.ping(session)).toBe(true)
      expect(lab.daemon.usage().rssBytes - before.rssBytes).toBeLessThan(32 * mebibyte)
    },
    long ? 1_600_000 : 120_000,
  )

  it('serves eight peers at the same time', async () => {
    const hub = new Namespace('hub')
    cleanups.push(() => hub.remove())
    const daemon = await Daemon.start(hub)
    const keys = makeTextKeys()
    daemon.setconf(`[Interface]\nPrivateKey = ${keys.privateKey}\nListenPort = 51820\n`)
    hub.run('ip', 'address', 'add', '10.200.0.1/16', 'dev', daemon.device)
    hub.run('ip', 'link', 'set', daemon.device, 'up')
    const spokes = await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        const ns = new Namespace(`spoke${i}`)
        cleanups.push(() => ns.remove())
        connect(
          { ns: hub, dev: `veth${i}`, addresses: [`10.100.${i}.1/24`] },
          { ns, dev: 'veth0', addresses: [`10.100.${i}.2/24`] },
        )
        const spoke = await Daemon.start(ns)
        const own = makeTextKeys()
        spoke.setconf(
          `[Interface]\nPrivateKey = ${own.privateKey}\n[Peer]\nPublicKey = ${keys.publicKey}\nAllowedIPs = 10.200.0.0/16\nEndpoint = 10.100.${i}.1:51820\n`,
        )
        daemon.setconf(`[Peer]\nPublicKey = ${own.publicKey}\nAllowedIPs = 10.200.1.${i}/32\n`, 'addconf')
        ns.run('ip', 'address', 'add', `10.200.1.${i}/16`, 'dev', spoke.device)
        ns.run('ip', 'link', 'set', spoke.device, 'up')
        return ns
      }),
    )
    const moved = await Promise.all(
      spokes.map((ns) => transfer(ns, { ns: hub, address: '10.200.0.1' }, 8 * mebibyte)),
    )
    for (const one of moved) expect(one.received).toEqual(one.sent)
    // From spoke to spoke through the hub.
    hub.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward')
    const across = await transfer(
      spokes[0] as Namespace,
      { ns: spokes[1] as Namespace, address: '10.200.1.1' },
      8 * mebibyte,
    )
    expect(across.received).toEqual(across.sent)
  })

  it(
    'does not grow while it is used and changed',
    async () => {
      const tunnel = await Tunnel.open({ label: 'soak', psk: true })
      cleanups.push(() => tunnel.remove())
      const { a, b } = tunnel
      expect(tunnel.ping()).toBe(true)
      const endMs = Date.now() + (long ? 600_000 : 25_000)
      const round = async (): Promise<void> => {
        const moved = await transfer(a.ns, { ns: b.ns, address: b.inner.v4 }, 16 * mebibyte)
        expect(moved.received).toEqual(moved.sent)
        a.daemon.setconf(a.ns.run('wg', 'showconf', a.device), 'syncconf')
        const stranger = makeTextKeys().publicKey
        b.daemon.set('peer', stranger, 'allowed-ips', '10.66.0.0/16', 'endpoint', '10.77.0.99:1')
        b.ns.tryRun('ping', ['-n', '-q', '-c', '1', '-W', '1', '10.66.0.1'])
        b.daemon.set('peer', stranger, 'remove')
        await a.ns.finish('ping', ['-n', '-q', '-f', '-c', '300', '-s', '1400', b.inner.v6])
      }
      for (let i = 0; i < 3; i++) await round()
      const before = [a.daemon.usage(), b.daemon.usage()]
      while (Date.now() < endMs) await round()
      for (const [i, end] of [a, b].entries()) {
        const after = end.daemon.usage()
        const start = before[i] as typeof after
        expect(after.rssBytes - start.rssBytes).toBeLessThan(24 * mebibyte)
        expect(after.descriptors).toBeLessThanOrEqual(start.descriptors + 2)
        expect(after.threads).toBeLessThanOrEqual(start.threads + 2)
      }
    },
    long ? 700_000 : 120_000,
  )

  it.skipIf(!long || !testingOurs)(
    'comes back at once from a sleep longer than its keys live',
    async () => {
      const tunnel = await Tunnel.open({ label: 'sleep' })
      cleanups.push(() => tunnel.remove())
      const { a, b } = tunnel
      expect(tunnel.ping()).toBe(true)
      a.daemon.process.kill('SIGSTOP')
      // A sleeping machine hears nothing: else the other side's attempts would wait in the socket and be answered late.
      a.ns.run('ip', 'link', 'set', 'veth0', 'down')
      await pause(200_000)
      a.ns.run('ip', 'link', 'set', 'veth0', 'up')
      a.daemon.process.kill('SIGCONT')
      expect(tunnel.ping('a', '-c', '1', '-W', '1')).toBe(true)
      expect(Number(a.daemon.showPeer('latest-handshakes', b.keys.publicKey))).toBeGreaterThan(
        Date.now() / 1_000 - 10,
      )
    },
    260_000,
  )
})
