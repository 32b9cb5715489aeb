// SPDX-License-Identifier: MIT
// Two of our daemons, real traffic, bad roads: what arrives is what was sent.
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { testingOurs, whyNoTunnel } from '../support/implementation.ts'
import { until } from '../support/netns.ts'
import { offloadSwitches } from '../support/offloads.ts'
import { insertRelay } from '../support/relay.ts'
import { transfer, udpBatch } from '../support/transfer.ts'
import { Tunnel } from '../support/tunnel.ts'

const why = whyNoTunnel('iperf3')
if (why) console.log(`transfer tests skipped: ${why}`)

const noEthtool = whyNoTunnel('ethtool') !== undefined

const mebibyte = 1 << 20

describe.skipIf(why)('transfer', () => {
  let tunnel: Tunnel
  afterEach(() => tunnel?.remove())
  const open = async (options: Partial<Parameters<typeof Tunnel.open>[0]> = {}): Promise<Tunnel> => {
    tunnel = await Tunnel.open({ label: 'move', ...options })
    if (!tunnel.ping()) throw new Error('the tunnel does not carry')
    return tunnel
  }

  /** Both ways over both inner families; equal sums. */
  const moveAll = async (bytes: number): Promise<void> => {
    const { a, b } = tunnel
    for (const [from, to, address] of [
      [a, b, b.inner.v4],
      [b, a, a.inner.v6],
    ] as const) {
      const moved = await transfer(from.ns, { ns: to.ns, address }, bytes)
      expect(moved.received).toEqual(moved.sent)
    }
  }

  it('counts ten pings as the kernel does', async () => {
    tunnel = await Tunnel.open({ label: 'move' })
    const { a, b } = tunnel
    expect(tunnel.ping('a', '-c', '10', '-f', '-W', '1')).toBe(true)
    await until('all to be counted', () => a.daemon.transfer(b.keys.publicKey).received === 1372)
    expect([1428, 1460]).toContain(a.daemon.transfer(b.keys.publicKey).sent)
    const link = JSON.parse(a.ns.run('ip', '-s', '-j', 'link', 'show', a.device))[0].stats64
    expect(link.rx.bytes).toBe(840)
  })

  it.each([4, 6] as const)('carries pings, streams and datagrams over IPv%i', async (outer) => {
    const { a, b } = await open({ outer })
    for (const [from, target] of [
      [a, b.inner.v4],
      [a, b.inner.v6],
      [b, a.inner.v4],
      [b, a.inner.v6],
    ] as const) {
      const flood = await from.ns.finish('ping', ['-q', '-n', '-c', '1000', '-f', '-W', '1', target])
      expect(flood.stdout).toContain(' 0% packet loss')
    }
    b.ns.start('iperf3', ['-s', '-p', '5301'])
    await until('iperf3', () => b.ns.run('ss', '-tlnH').includes(':5301'))
    for (const [target, streams] of [
      [b.inner.v4, 4],
      [b.inner.v6, 5],
      [b.inner.v4, 50],
    ] as const) {
      const run = await a.ns.finish('iperf3', [
        ...['-c', target, '-p', '5301', '-t', '2', '-P', String(streams), '-J'],
      ])
      expect(run.status, run.stdout).toBe(0)
      expect(JSON.parse(run.stdout).end.sum_received.bytes).toBeGreaterThan(mebibyte)
    }
    for (const target of [b.inner.v4, b.inner.v6]) {
      const run = await a.ns.finish('iperf3', ['-c', target, '-p', '5301', '-t', '1', '-u', '-b', '0', '-J'])
      expect(run.status, run.stdout).toBe(0)
    }
    await moveAll(32 * mebibyte)
  })

  it('carries packets larger than 16 KiB when both MTUs allow them', async () => {
    const { a, b } = await open()
    for (const end of [a, b]) {
      end.ns.run('ip', 'link', 'set', 'veth0', 'mtu', '65535')
      end.ns.run('ip', 'link', 'set', end.device, 'mtu', '34736')
    }
    await moveAll(32 * mebibyte)
    for (const size of [16_384, 34_708]) {
      await until(`a ping of ${size} bytes`, () =>
        tunnel.ping('a', '-c', '1', '-W', '1', '-M', 'do', '-s', String(size)),
      )
    }
    // Outer packets that must be fragmented.
    for (const end of [a, b]) end.ns.run('ip', 'link', 'set', 'veth0', 'mtu', '1500')
    expect(tunnel.ping('a', '-c', '3', '-W', '1', '-M', 'do', '-s', '34708')).toBe(true)
    await moveAll(4 * mebibyte)
  })

  it('carries datagrams of every length in order', async () => {
    const { a, b } = await open()
    for (const sizes of [
      { first: 1, last: 1_500, step: 1, burst: 8 },
      { first: 1, last: 1_500, step: 7, burst: 30 },
      { first: 1_501, last: 65_507, step: 997, burst: 1 },
      { first: 65_500, last: 65_507, step: 1, burst: 1 },
    ]) {
      const report = await udpBatch(a.ns, { ns: b.ns, address: b.inner.v4 }, sizes)
      const count = Math.floor((sizes.last - sizes.first) / sizes.step) + 1
      expect(report).toEqual({ sent: count, lost: 0, received: count, wrong: 0, disorder: 0 })
    }
  })

  it('goes on when the path below gets too narrow for its segments', async () => {
    const { a, b } = await open()
    const moving = transfer(a.ns, { ns: b.ns, address: b.inner.v4 }, 256 * mebibyte)
    await until('the transfer to be under way', () => a.daemon.transfer(b.keys.publicKey).sent > 8 * mebibyte)
    for (const end of [a, b]) end.ns.run('ip', 'link', 'set', 'veth0', 'mtu', '1300')
    const moved = await moving
    expect(moved.received).toEqual(moved.sent)
  })

  it.skipIf(noEthtool)('goes on over a link without checksum and segmentation offload', async () => {
    const { a, b } = await open()
    for (const end of [a, b])
      end.ns.run('ethtool', '-K', 'veth0', 'tx', 'off', 'gso', 'off', 'tso', 'off', 'gro', 'off')
    await moveAll(32 * mebibyte)
  })

  it.skipIf(!testingOurs).each([...offloadSwitches, { WGQ_RCVBUF: '4096' }])(
    'carries the same with %o',
    async (env) => {
      await open({ env })
      await moveAll(32 * mebibyte)
    },
  )

  it('completes over a road that loses, doubles and reorders', async () => {
    const { a, b } = await open()
    const endRelay = await insertRelay(tunnel, { loss: 0.02, duplicate: 0.05, reorder: 0.2, reorderMs: 4 })
    const moved = await transfer(a.ns, { ns: b.ns, address: b.inner.v4 }, 3 * mebibyte)
    expect(moved.received).toEqual(moved.sent)
    const counts = await endRelay()
    for (const what of ['lost', 'duplicated', 'reordered'] as const) expect(counts[what]).toBeGreaterThan(20)
  })

  it('comes up over a road that loses every fifth message and takes 300 ms', async () => {
    tunnel = await Tunnel.open({ label: 'move', knows: [true, false] })
    const { a, b } = tunnel
    await insertRelay(tunnel, { loss: 0.2, delayMs: 300 })
    const ping = await a.ns.finish('ping', ['-n', '-q', '-i', '0.2', '-c', '100', '-W', '3', b.inner.v4])
    const received = Number(/(\d+) received/.exec(ping.stdout)?.[1])
    // Both ways lose a fifth: 64 of 100 are expected, and the first ones wait for a handshake that may take 15 s.
    expect(received).toBeGreaterThan(20)
    expect(ping.stdout).not.toContain('duplicates')
  })

  it('delivers nothing twice and does not follow a replay', async () => {
    const { a, b } = await open()
    const endRelay = await insertRelay(tunnel, { replay: true, duplicate: 1 })
    const ping = await a.ns.finish('ping', ['-n', '-q', '-i', '0.01', '-c', '200', '-W', '1', b.inner.v4])
    expect(ping.stdout).toContain('200 received')
    expect(ping.stdout).not.toContain('duplicates')
    await pause(200)
    expect(b.daemon.showPeer('endpoints', a.keys.publicKey)).toBe(`${a.outer.v4}:32000`)
    expect((await endRelay()).replayed).toBeGreaterThan(190)
    expect(b.daemon.transfer(a.keys.publicKey).received).toBeLessThan(200 * 128 * 1.5)
  })
})
