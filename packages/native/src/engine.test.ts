// SPDX-License-Identifier: MIT
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connect, Namespace, until, whyNoNetns } from '../../../test/support/netns.ts'
import { peerEvent } from './engine.ts'
import { addPeer, EngineProcess, sessionPair } from './fixtures/engine-process.ts'
import { endpoint } from './fixtures/packets.ts'
import { x25519PublicKey } from './system.ts'
import { hasOffloads } from './testing.ts'

const anywhere = [
  [[10, 77, 0, 0], 24],
  [[0xfd, 0x77, ...Array(14).fill(0)], 64],
] as const
const outer = { v4: [192, 168, 9], v6: [0xfd, 0x99, ...Array(13).fill(0)] } as const

/** Private keys of both ends. */
const identities = [Buffer.alloc(32, 0x31), Buffer.alloc(32, 0x32)] as const

interface End {
  readonly ns: Namespace
  readonly engine: EngineProcess
  peer: number
}

const reason = whyNoNetns()
// Threads, a real kernel and a shared machine: failures are retried, counted and listed at the end.
describe.skipIf(reason)(`two engines${reason ? ` (skipped: ${reason})` : ''}`, { retry: 2 }, () => {
  let ends: [End, End]
  let folder: string

  // A third address pair is for roaming.
  const start = async (
    family: 'v4' | 'v6' = 'v4',
    options: ConstructorParameters<typeof EngineProcess>[2] = {},
    mtu = 1500,
  ) => {
    const nsA = new Namespace('eng-a')
    const nsB = new Namespace('eng-b')
    connect(
      { ns: nsA, dev: 'veth', addresses: ['192.168.9.1/24', 'fd99::1/64'] },
      { ns: nsB, dev: 'veth', addresses: ['192.168.9.2/24', 'fd99::2/64'] },
    )
    // Both ends: a veth drops a single packet that is longer than the other end's MTU, and every retransmission of it.
    for (const ns of [nsA, nsB]) ns.run('ip', 'link', 'set', 'veth', 'mtu', String(mtu))
    const made = [
      { ns: nsA, engine: new EngineProcess(nsA, 'tun-a', options), peer: 0 },
      { ns: nsB, engine: new EngineProcess(nsB, 'tun-b', options), peer: 0 },
    ] as [End, End]
    ends = made
    for (const [i, end] of made.entries()) {
      const other = { address: [...outer[family], 2 - i], port: 6002 - i }
      expect(await end.engine.call.bind(6001 + i)).toBe(6001 + i)
      end.peer = await addPeer(end.engine, other, anywhere, x25519PublicKey(identities[i === 0 ? 1 : 0]))
      await end.engine.call.start()
      const tun = `tun-${'ab'[i]}`
      end.ns.run('ip', 'address', 'add', `10.77.0.${i + 1}/24`, 'dev', tun)
      end.ns.run('ip', 'address', 'add', `fd77::${i + 1}/64`, 'dev', tun, 'nodad')
      end.ns.run('ip', 'link', 'set', tun, 'mtu', '1420', 'up')
    }
    return made
  }

  const begin = async (base: number, more = {}) => {
    const pair = sessionPair(base, more)
    const dropped = []
    for (const i of [1, 0] as const) {
      const end = ends[i]
      dropped[i] = await end.engine.call.beginSession(end.peer, pair[i])
    }
    return dropped as [number[], number[]]
  }

  const ping = (ns: Namespace, to: string, ...more: string[]) =>
    ns.tryRun('ping', ['-n', '-c', '2', '-i', '0.1', '-W', '2', ...more, to]).status === 0

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'wgq-engine-'))
  })
  afterEach(async () => {
    for (const { engine } of ends ?? []) await engine.end()
    for (const { ns } of ends ?? []) ns.remove()
    rmSync(folder, { recursive: true })
  })

  test('packets wait for a session, then pass; the responder sends only once it is confirmed', async () => {
    const [a, b] = await start()
    const waiting = a.ns.start('ping', ['-n', '-c', '1', '-W', '10', '10.77.0.2'])
    const ended = new Promise<number | null>((resolve) => waiting.on('exit', resolve))
    await a.engine.reported(a.peer, peerEvent.needHandshake)
    expect((await a.engine.state(a.peer)).staged).toBeGreaterThan(0)
    expect(await begin(100)).toEqual([[], []])
    await a.engine.call.flushStaged(a.peer)
    expect(await ended).toBe(0)
    expect((await a.engine.state(a.peer)).staged).toBe(0)
    await b.engine.reported(b.peer, peerEvent.sessionConfirmed)
    expect((await a.engine.flags(a.peer)) & peerEvent.sessionConfirmed).toBe(0)
    expect(ping(a.ns, 'fd77::2')).toBe(true)
    expect(ping(b.ns, '10.77.0.1', '-s', '1392')).toBe(true)
  })

  test('bytes are counted as whole messages', async () => {
    const [a, b] = await start()
    await begin(100)
    // No other traffic may be counted.
    a.ns.run('ip', 'address', 'flush', 'dev', 'tun-a', 'scope', 'link')
    const before = { a: await a.engine.state(a.peer), b: await b.engine.state(b.peer) }
    a.ns.run('ping', '-n', '-c', '10', '-i', '0.01', '10.77.0.2')
    const bytes = 10n * (16n + 96n + 16n) // 84 bytes padded to 96
    // A datagram is counted after it was sent: its answer may arrive earlier.
    const counted = async () => {
      const now = { a: await a.engine.state(a.peer), b: await b.engine.state(b.peer) }
      return [
        now.a.txBytes - before.a.txBytes,
        now.b.rxBytes - before.b.rxBytes,
        now.a.rxBytes - before.a.rxBytes,
      ]
    }
    await expect.poll(counted, { timeout: 10_000 }).toEqual([bytes, bytes, bytes])
    const { txBytes } = await a.engine.state(a.peer)
    await a.engine.call.sendKeepalive(a.peer)
    await expect
      .poll(async () => (await a.engine.state(a.peer)).txBytes - txBytes, { timeout: 10_000 })
      .toBe(32n)
  })

  test('timer facts follow data, keepalives and answers', async () => {
    const [a, b] = await start()
    await begin(100)
    await a.engine.call.sendKeepalive(a.peer)
    await b.engine.reported(b.peer, peerEvent.sessionConfirmed)
    expect(await a.engine.state(a.peer)).toMatchObject({ unansweredSince: 0n, unacknowledgedSince: 0n })
    // Unanswered data: b does not have the address.
    b.ns.run('ip', 'address', 'del', '10.77.0.2/24', 'dev', 'tun-b')
    a.ns.tryRun('ping', ['-n', '-c', '2', '-i', '0.1', '-W', '0.3', '10.77.0.2'])
    const sender = await a.engine.state(a.peer)
    expect(sender.unansweredSince).toBeGreaterThan(0n)
    await a.engine.reported(a.peer, peerEvent.awaitingReply)
    const receiver = await b.engine.state(b.peer)
    expect(receiver.unacknowledgedSince).toBeGreaterThan(0n)
    expect(receiver.lastReceived).toBe(receiver.lastTraversal)
    await b.engine.reported(b.peer, peerEvent.owesKeepalive)
    await b.engine.call.sendKeepalive(b.peer)
    expect(await b.engine.state(b.peer)).toMatchObject({ unacknowledgedSince: 0n })
    for (let i = 0; i < 100 && (await a.engine.state(a.peer)).unansweredSince !== 0n; i++)
      await new Promise((resolve) => setTimeout(resolve, 20))
    expect((await a.engine.state(a.peer)).unansweredSince).toBe(0n)
  })

  test('keypairs rotate; a replaced session still receives', async () => {
    const [a, b] = await start()
    await begin(100)
    expect(ping(a.ns, '10.77.0.2')).toBe(true)
    expect(await begin(200)).toEqual([[], []])
    expect(ping(b.ns, '10.77.0.1')).toBe(true)
    expect(ping(a.ns, '10.77.0.2')).toBe(true)
    // a drops its oldest at once, b when the new one is confirmed.
    expect(await begin(300)).toEqual([[100], [101]])
    expect(ping(a.ns, '10.77.0.2')).toBe(true)
    expect(await begin(400)).toEqual([[200], [201]])
    expect(new Set(await a.engine.call.dropSessions(a.peer))).toEqual(new Set([300, 400]))
    expect(new Set(await b.engine.call.dropSessions(b.peer))).toEqual(new Set([301, 401]))
    expect(ping(a.ns, '10.77.0.2', '-W', '0.2')).toBe(false)
    await begin(500)
    expect(ping(a.ns, '10.77.0.2')).toBe(true)
  })

  test('the last message of a key is sent, then packets wait for the next key', async () => {
    const [a] = await start()
    const limit = 2n ** 64n - 2n ** 13n - 1n
    await begin(100, { firstNonce: limit - 2n })
    expect(ping(a.ns, '10.77.0.2', '-c', '1')).toBe(true)
    await a.engine.reported(a.peer, peerEvent.needHandshake) // beyond 2^60
    expect(ping(a.ns, '10.77.0.2', '-c', '1')).toBe(true)
    expect(ping(a.ns, '10.77.0.2', '-c', '1', '-W', '0.2')).toBe(false)
    expect((await a.engine.state(a.peer)).staged).toBe(1)
  })

  test('age makes the initiator ask for a handshake and then ends the key', async () => {
    const [a, b] = await start()
    const second = 1_000_000_000n
    await begin(100, { ageNanoseconds: 119n * second - second / 2n })
    expect(ping(a.ns, '10.77.0.2', '-c', '1')).toBe(true)
    expect((await a.engine.flags(a.peer)) & peerEvent.needHandshake).toBe(0)
    await begin(200, { ageNanoseconds: 121n * second })
    expect(ping(a.ns, '10.77.0.2', '-c', '1')).toBe(true)
    await a.engine.reported(a.peer, peerEvent.needHandshake)
    expect((await a.engine.flags(a.peer)) & peerEvent.lastMinute).toBe(0)
    await begin(300, { ageNanoseconds: 166n * second })
    expect(ping(a.ns, '10.77.0.2', '-c', '1')).toBe(true)
    await a.engine.reported(a.peer, peerEvent.lastMinute)
    expect((await b.engine.flags(b.peer)) & (peerEvent.needHandshake | peerEvent.lastMinute)).toBe(0)
    await begin(400, { ageNanoseconds: 181n * second })
    expect(ping(a.ns, '10.77.0.2', '-c', '1', '-W', '0.2')).toBe(false)
  })

  test('a private key change ends sending, not receiving', async () => {
    const [a, b] = await start()
    await begin(100)
    expect(ping(a.ns, '10.77.0.2')).toBe(true)
    await a.engine.call.expireSending(a.peer)
    const before = (await a.engine.state(a.peer)).rxBytes
    expect(ping(b.ns, '10.77.0.1', '-W', '0.3')).toBe(false)
    expect((await a.engine.state(a.peer)).rxBytes).toBeGreaterThan(before)
  })

  test('the endpoint follows the sender, source included', async () => {
    const [a, b] = await start()
    await begin(100)
    expect(ping(a.ns, '10.77.0.2')).toBe(true)
    expect(await b.engine.call.bind(7777)).toBe(7777)
    expect(ping(b.ns, '10.77.0.1')).toBe(true)
    await a.engine.reported(a.peer, peerEvent.endpointMoved)
    const record = Buffer.from((await a.engine.call.peerEndpoint(a.peer)) ?? [])
    expect(record.readUInt16LE(2)).toBe(7777)
    expect([...record.subarray(32, 36)]).toEqual([192, 168, 9, 1])
    expect(record[24]).toBe(4)
    await a.engine.call.clearSource(a.peer)
    expect(Buffer.from((await a.engine.call.peerEndpoint(a.peer)) ?? [])[24]).toBe(0)
  })

  test.each([4, 6] as const)('a lost source address costs no packet (IPv%i)', async (version) => {
    const [a, b] = await start(`v${version}`)
    const [old, fresh] = version === 4 ? ['192.168.9.2/24', '192.168.9.22/24'] : ['fd99::2/64', 'fd99::22/64']
    await begin(100)
    expect(ping(a.ns, '10.77.0.2')).toBe(true)
    b.ns.run('sysctl', '-qw', 'net.ipv4.conf.veth.promote_secondaries=1')
    b.ns.run('ip', 'address', 'add', fresh as string, 'dev', 'veth', ...(version === 6 ? ['nodad'] : []))
    b.ns.run('ip', 'address', 'del', old as string, 'dev', 'veth')
    expect(ping(b.ns, '10.77.0.1', '-c', '1')).toBe(true)
    expect((await b.engine.call.counters())['sourceForgotten']).toBe(1)
  })

  test('an inner source that belongs to another peer is refused, its endpoint learned all the same', async () => {
    const [a, b] = await start()
    await begin(100)
    expect(ping(a.ns, '10.77.0.2')).toBe(true)
    const thief = await addPeer(b.engine, undefined, [[[10, 77, 0, 1], 32]])
    await a.engine.call.bind(7001)
    expect(ping(a.ns, '10.77.0.2', '-W', '0.3')).toBe(false)
    expect((await b.engine.call.counters())['innerRefused']).toBeGreaterThan(0)
    const record = Buffer.from((await b.engine.call.peerEndpoint(b.peer)) ?? [])
    expect(record.readUInt16LE(2)).toBe(7001)
    await b.engine.call.removePeer(thief)
    await b.engine.call.updateAllowedIps(
      Buffer.concat([Buffer.from([0, 4, 24, 0, b.peer, 0, 0, 0, 10, 77, 0, 0]), Buffer.alloc(12)]),
    )
    expect(ping(a.ns, '10.77.0.2')).toBe(true)
  })

  test('what no peer takes, or has no endpoint, is answered with unreachable', async () => {
    const [a] = await start()
    a.ns.run('ip', 'route', 'add', '10.99.0.0/24', 'dev', 'tun-a')
    const nobody = a.ns.tryRun('ping', ['-n', '-c', '1', '-W', '2', '10.99.0.1'])
    expect(nobody.stdout).toContain('Destination Host Unreachable')
    await a.engine.call.setEndpoint(a.peer, undefined)
    const nowhere = a.ns.tryRun('ping', ['-n', '-c', '1', '-W', '2', 'fd77::2'])
    expect(nowhere.stdout).toMatch(/Destination unreachable: Address unreachable/)
    expect((await a.engine.call.counters())['unreachableSent']).toBeGreaterThanOrEqual(2)
  })

  test('our own messages routed into the tunnel are dropped and counted', async () => {
    const [a] = await start()
    await begin(100)
    expect(ping(a.ns, '10.77.0.2')).toBe(true)
    const sent = (await a.engine.call.counters())['udpDatagramsSent'] ?? 0
    await a.engine.call.updateAllowedIps(
      Buffer.concat([Buffer.from([0, 4, 32, 0, a.peer, 0, 0, 0, 192, 168, 9, 2]), Buffer.alloc(12)]),
    )
    a.ns.run('ip', 'route', 'add', '192.168.9.2/32', 'dev', 'tun-a')
    expect(ping(a.ns, '10.77.0.2', '-W', '0.3')).toBe(false)
    const counters = await a.engine.call.counters()
    expect(counters['loop']).toBeGreaterThan(0)
    expect((counters['udpDatagramsSent'] ?? 0) - sent).toBeLessThan(20)
  })

  test('staged packets are bounded, dropped by the interface going down, and counted', async () => {
    const [a] = await start()
    a.ns.tryRun('ping', ['-n', '-c', '200', '-i', '0.001', '-W', '0.1', '10.77.0.2'])
    expect((await a.engine.state(a.peer)).staged).toBe(128)
    expect((await a.engine.call.counters())['stagedDropped']).toBeGreaterThanOrEqual(72)
    expect(await a.engine.call.dropStaged(a.peer)).toBe(128)
    a.ns.tryRun('ping', ['-n', '-c', '3', '-i', '0.01', '-W', '0.1', '10.77.0.2'])
    await a.engine.call.stop()
    expect(await a.engine.state(a.peer)).toMatchObject({ staged: 0 })
    expect((await a.engine.call.counters())['stagedBytes']).toBe(0)
    await a.engine.call.start()
    await begin(100)
    expect(ping(a.ns, '10.77.0.2')).toBe(true)
  })

  test('a port in use leaves the old sockets working', async () => {
    const [a] = await start()
    await begin(100)
    const other = new EngineProcess(a.ns, 'tun-x')
    const port = await other.call.bind(0)
    expect(port).toBeGreaterThan(0)
    await expect(a.engine.call.bind(port)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    expect(ping(a.ns, '10.77.0.2')).toBe(true)
    await other.end()
    expect(await a.engine.call.bind(port)).toBe(port)
    expect(ping(a.ns, '10.77.0.2')).toBe(true)
  })

  test('without IPv6 the IPv4 socket alone is bound', async () => {
    const ns = new Namespace('eng-no6')
    ns.run('sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1')
    const engine = new EngineProcess(ns, 'tun-n')
    expect(await engine.call.bind(6100)).toBe(6100)
    expect(await engine.end()).toBe(0)
    ns.remove()
    await start()
  })

  /** TAI64N of a second of this century. */
  const stamp = (second: number): Buffer =>
    Buffer.from(`40000000500000${second.toString(16).padStart(2, '0')}00000000`, 'hex')

  test('an initiation is answered where it came from, and packets pass; one without a destination does not leave', async () => {
    const [a, b] = await start()
    for (const [i, end] of [a, b].entries()) await end.engine.call.setIdentity(identities[i as 0 | 1])
    expect(await a.engine.call.initiate(a.peer, stamp(1))).toMatchObject({ errno: 0 })
    const outcomes = (end: End) => end.engine.events.filter((event) => event.kind === 'handshake')
    await until('the end of the handshake', () => outcomes(a).length > 0)
    expect(outcomes(a)).toEqual([{ kind: 'handshake', outcome: 'completed', peer: a.peer }])
    expect(outcomes(b)).toEqual([
      expect.objectContaining({ outcome: 'answered', peer: b.peer, errno: 0, unixSeconds: 0x50000001 - 10 }),
    ])
    await b.engine.reported(b.peer, peerEvent.sessionConfirmed)
    expect(ping(a.ns, '10.77.0.2')).toBe(true)
    const from = Buffer.from((await b.engine.call.peerEndpoint(b.peer)) ?? [])
    expect(from.subarray(0, 24)).toEqual(endpoint([192, 168, 9, 1], 6001).subarray(0, 24))
    expect([...from.subarray(32, 36)]).toEqual([192, 168, 9, 2])
    await a.engine.call.setEndpoint(a.peer, undefined)
    expect(await a.engine.call.initiate(a.peer, stamp(2))).toMatchObject({ errno: 89 })
  })

  test('handshake messages for another key are dropped and counted', async () => {
    const [a, b] = await start()
    await a.engine.call.setIdentity(identities[0])
    await b.engine.call.setIdentity(Buffer.alloc(32, 0x77))
    expect(await a.engine.call.initiate(a.peer, stamp(1))).toMatchObject({ errno: 0 })
    await expect.poll(async () => (await b.engine.call.counters())['badMac1']).toBe(1)
    expect(b.engine.events.filter((event) => event.kind === 'handshake')).toEqual([])
  })

  test('the end of the device is fatal and said once', async () => {
    const [a] = await start()
    a.ns.run('ip', 'link', 'del', 'tun-a')
    const fatal = await until('the fatal event', () => a.engine.events.find((e) => e.kind === 'fatal'))
    expect(fatal).toMatchObject({ errno: 77 })
    expect(await a.engine.end()).toBe(0)
    expect(a.engine.events.filter((e) => e.kind === 'fatal')).toHaveLength(1)
  })

  test('a moved device goes on working', async () => {
    const [a, b] = await start()
    await begin(100)
    const inner = new Namespace('eng-in')
    a.ns.run('ip', 'link', 'set', 'tun-a', 'netns', inner.name)
    inner.run('ip', 'address', 'add', '10.77.0.1/24', 'dev', 'tun-a')
    inner.run('ip', 'link', 'set', 'tun-a', 'up')
    expect(ping(inner, '10.77.0.2')).toBe(true)
    expect(await a.engine.call.reattachTun()).toMatch(/^EXDEV: /)
    expect(ping(b.ns, '10.77.0.1')).toBe(true)
    inner.remove()
  })

  // A server that sends a file to any client; the checksum shows whether every byte arrived.
  const transfer = async (from: End, to: End, address: string, megabytes: number) => {
    const file = join(folder, 'data')
    writeFileSync(file, randomBytes(megabytes << 20))
    const hash = createHash('sha256').update(readFileSync(file)).digest('hex')
    const server = `require('net').createServer(s=>require('fs').createReadStream('${file}').pipe(s)).listen(9000,'::',()=>console.log('up'))`
    const client = `const h=require('crypto').createHash('sha256');require('net').connect(9000,'${address}').on('data',d=>h.update(d)).on('end',()=>console.log(h.digest('hex')))`
    const listening = from.ns.start(process.execPath, ['-e', server])
    await new Promise((resolve) => listening.stdout?.once('data', resolve))
    const got = await to.ns.finish(process.execPath, ['-e', client], { timeoutMs: 50_000 })
    listening.kill()
    expect(got.stdout.trim()).toBe(hash)
  }

  test.each([2, 4])(
    'every byte arrives while the TUN is attached anew, again and again: %i threads',
    async (threads) => {
      const [a, b] = await start('v4', { threads })
      await begin(100)
      await a.engine.call.sendKeepalive(a.peer)
      const index = () => JSON.parse(a.ns.run('ip', '-j', 'link', 'show', 'tun-a'))[0].ifindex
      const before = index()
      let moving = true
      const moved = transfer(a, b, '10.77.0.1', 16).finally(() => {
        moving = false
      })
      let times = 0
      for (; moving && times < 20; times++) {
        expect(await a.engine.call.reattachTun()).toBeUndefined()
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      await moved
      expect(index()).toBe(before)
      const counters = await a.engine.call.counters()
      expect(counters).toMatchObject({ tunReattached: times, tunMalformed: 0, badTag: 0, tunWriteErrors: 0 })
      a.ns.run('ip', 'link', 'set', 'tun-a', 'down')
      expect(await a.engine.call.reattachTun()).toBeUndefined()
      a.ns.run('ip', 'link', 'del', 'tun-a')
      await until('the fatal event', () => a.engine.events.find((e) => e.kind === 'fatal'))
      expect(await a.engine.call.reattachTun()).toMatch(/^EBADFD: /)
    },
  )

  test.each([
    ['everything', {}, 1500],
    ['TCP offload only', { offload: 'tcp' }, 1500],
    ['no offload', { offload: 'off' }, 1500],
    ['no merging', { tunCoalescing: false }, 1500],
    ['no UDP segmentation', { udpSegmentation: false, udpCoalescing: false }, 1500],
    ['a path that is too small for segments', {}, 1300],
    ['four threads', { threads: 4 }, 1500],
    ['four threads without offload', { threads: 4, offload: 'off', udpSegmentation: false }, 1500],
  ] as const)('every byte of a transfer arrives: %s', async (_, options, mtu) => {
    const [a, b] = await start('v4', options, mtu)
    await begin(100)
    await a.engine.call.sendKeepalive(a.peer)
    await transfer(a, b, '10.77.0.1', 16)
    await transfer(b, a, 'fd77::2', 4)
    const counters = await a.engine.call.counters()
    expect(counters).toMatchObject({ badTag: 0, tunMalformed: 0, innerMalformed: 0, tunMergeRefused: 0 })
    if (mtu < 1452 && hasOffloads()) {
      expect(counters['segmentationRefused']).toBeGreaterThan(0)
      expect(a.engine.events.filter((e) => e.kind === 'notice').length).toBeGreaterThan(0)
    } else {
      // Without segmentation the datagrams are fragmented.
      expect(counters['segmentationRefused']).toBe(0)
    }
    if ('offload' in options && options.offload === 'off') expect(counters['tunPacketsMerged']).toBe(0)
  })
})
