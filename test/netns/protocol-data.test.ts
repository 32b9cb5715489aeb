// SPDX-License-Identifier: MIT
// The data path packet by packet: padding, counters, the replay window, who may send what (spec protocol §4.4, §8, §9).
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Capture } from '../support/capture.ts'
import { testingOurs, whyNoTunnel } from '../support/implementation.ts'
import { echoRequest, trimPadding, udp } from '../support/inner-packet.ts'
import { Lab, publicText } from '../support/lab.ts'
import { until } from '../support/netns.ts'
import type { Session } from '../support/noise.ts'
import type { ProtocolPeer } from '../support/protocol-peer.ts'

const why = whyNoTunnel('tcpdump', 'nft')
if (why) console.log(`data path tests skipped: ${why}`)

const vector = (name: string) =>
  JSON.parse(readFileSync(new URL(`../fixtures/protocol/${name}.json`, import.meta.url), 'utf8'))
const quietMs = 250

describe.skipIf(why)('data path', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await Lab.open()
  })
  afterAll(() => lab?.remove())

  /** A peer with a session that the daemon may send on. */
  const connected = async (
    options: Parameters<Lab['addPeer']>[0] = {},
  ): Promise<{ peer: ProtocolPeer; session: Session }> => {
    const peer = await lab.addPeer(options)
    const session = await peer.handshake()
    if (!(await peer.ping(session))) throw new Error('the new session does not carry')
    return { peer, session }
  }

  it('pads to 16 bytes, not beyond the MTU', async () => {
    const { peer, session } = await connected()
    const cases = vector('padding').cases.filter(
      (one: { len: number; mtu: number }) => one.len >= 28 && one.len <= one.mtu,
    )
    expect(cases.length).toBeGreaterThan(6)
    for (const { len, mtu, pad } of cases) {
      lab.host.run('ip', 'link', 'set', lab.device, 'mtu', String(mtu))
      // The daemon hears of the new MTU by a notification: give it a moment, as often as it takes.
      let length: number | undefined
      for (let attempt = 0; attempt < 20 && length !== len + pad; attempt++) {
        lab.pingOut(peer, '-s', String(len - 28), '-M', 'do')
        length = (await peer.nextTransport(session, 2_000, (plain) => plain.readUInt16BE(2) === len))?.plain
          .length
      }
      expect(length, `${len} bytes at MTU ${mtu}`).toBe(len + pad)
    }
    lab.host.run('ip', 'link', 'set', lab.device, 'mtu', '1420')
  })

  it('zeroes the padding', async () => {
    const { peer, session } = await connected()
    lab.pingOut(peer, '-s', '1', '-p', 'ff')
    const one = await peer.nextTransport(session, 2_000)
    expect(one?.plain).toHaveLength(32)
    expect(one?.plain.subarray(29)).toEqual(Buffer.alloc(3))
  })

  it('accepts packets that are not padded, or padded too much', async () => {
    const { peer, session } = await connected()
    const packet = peer.echo(501, Buffer.from('odd'))
    peer.send(session.seal(packet, { padTo: 1 }))
    expect(await peer.echoed(session, 501, 2_000)).toBe(true)
    peer.send(session.seal(Buffer.concat([peer.echo(502), Buffer.alloc(500)])))
    expect(await peer.echoed(session, 502, 2_000)).toBe(true)
  })

  it('accepts and refuses counters exactly as the window demands', async () => {
    const { peer, session } = await connected()
    const key = publicText(peer)
    // The ping of the set-up used counter 0 of this session: take a fresh one.
    expect(session.nextCounter).toBe(1n)
    await new Promise((resolve) => setTimeout(resolve, 30))
    const fresh = await peer.handshake()
    for (const [step, { counter, accept }] of vector('replay').sequence.entries()) {
      const before = lab.daemon.transfer(key).received
      peer.send(fresh.seal(Buffer.alloc(0), { counter: BigInt(counter) }))
      if (accept)
        await until(
          `step ${step}, counter ${counter}`,
          () => lab.daemon.transfer(key).received === before + 32,
        )
      else {
        await new Promise((resolve) => setTimeout(resolve, 60))
        expect(lab.daemon.transfer(key).received, `step ${step}, counter ${counter}`).toBe(before)
      }
    }
  })

  it.each(vector('replay').bulk as { accept_range: [number, number]; then: [string, boolean][] }[])(
    'fills the window with $accept_range',
    async ({ accept_range: range, then }) => {
      const peer = await lab.addPeer()
      const key = publicText(peer)
      const session = await peer.handshake()
      const base = lab.daemon.transfer(key).received
      const [first, last] = range
      const step = first < last ? 1 : -1
      const total = Math.abs(last - first) + 1
      for (let sent = 0; sent < total; ) {
        const batch: Buffer[] = []
        for (; batch.length < 256 && sent < total; sent++)
          batch.push(session.seal(Buffer.alloc(0), { counter: BigInt(first + step * sent) }))
        peer.send(...batch)
        await until(`${sent} of ${total}`, () => lab.daemon.transfer(key).received === base + 32 * sent)
      }
      let accepted = total
      for (const [counter, accept] of then) {
        peer.send(session.seal(Buffer.alloc(0), { counter: BigInt(counter) }))
        if (accept) accepted++
        else await new Promise((resolve) => setTimeout(resolve, 60))
        await until(`counter ${counter}`, () => lab.daemon.transfer(key).received === base + 32 * accepted)
      }
      peer.port.close()
    },
  )

  it('accepts a message once, in any order', async () => {
    const { peer, session } = await connected()
    const sequences = [901, 902, 903, 904]
    const sealed = sequences.map((sequence) => session.seal(peer.echo(sequence)))
    peer.send(...[...sealed].reverse())
    for (const sequence of sequences) expect(await peer.echoed(session, sequence, 2_000)).toBe(true)
    peer.send(...sealed)
    expect(await peer.nextTransport(session, quietMs)).toBeUndefined()
  })

  it('takes inner sources from their most specific owner only', async () => {
    const wide = await connected({ allowedIps: '10.88.1.0/24, 10.88.20.0/24, fd88:0:0:20::/64' })
    const narrow = await connected({ allowedIps: `10.88.1.250/32, 10.88.20.5/32, fd88:0:0:20::5/128` }).catch(
      () => undefined,
    )
    expect(narrow, 'its own inner address belongs to the wide peer').toBeUndefined()
    const second = lab.peers.at(-1) as ProtocolPeer
    await new Promise((resolve) => setTimeout(resolve, 30))
    const secondSession = await second.handshake()
    const from = async (peer: ProtocolPeer, session: Session, source: string, sequence: number) => {
      const before = lab.host.run('ip', '-s', '-j', 'link', 'show', lab.device)
      const packets = (text: string) => JSON.parse(text)[0].stats64.rx.packets as number
      peer.send(session.seal(echoRequest({ from: source, to: '10.88.0.1' }, 7, sequence)))
      const deadline = Date.now() + 400
      while (Date.now() < deadline) {
        if (packets(lab.host.run('ip', '-s', '-j', 'link', 'show', lab.device)) > packets(before)) return true
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      return false
    }
    expect(await from(wide.peer, wide.session, '10.88.20.6', 1)).toBe(true)
    expect(await from(wide.peer, wide.session, '10.88.20.5', 2), 'owned by another').toBe(false)
    expect(await from(second, secondSession, '10.88.20.5', 3)).toBe(true)
    expect(await from(second, secondSession, '10.88.20.6', 4), 'owned by the first').toBe(false)
    expect(await from(second, secondSession, '10.99.9.9', 5), 'owned by nobody').toBe(false)
    // Taking a prefix over moves it.
    lab.daemon.set('peer', publicText(second), 'allowed-ips', '10.88.1.250/32,10.88.20.5/32,10.88.20.0/24')
    expect(await from(wide.peer, wide.session, '10.88.20.6', 6)).toBe(false)
    expect(await from(second, secondSession, '10.88.20.6', 7)).toBe(true)
    expect(lab.daemon.showPeer('allowed-ips', publicText(wide.peer))).not.toContain('10.88.20.0/24')
  })

  it('survives decryptable nonsense', async () => {
    const { peer, session } = await connected()
    const nonsense: Buffer[] = []
    for (let i = 0; i < 600; i++) {
      const packet = randomBytes(Math.floor(Math.random() * 1500))
      if (packet.length && i % 3) packet[0] = i % 3 === 1 ? 0x45 : 0x60
      nonsense.push(session.seal(packet, { padTo: 1 }))
    }
    const lying = Buffer.from(peer.echo(1))
    lying.writeUInt16BE(65_535, 2)
    const short = Buffer.from(peer.echo(2))
    short.writeUInt16BE(19, 2)
    const jumbo = Buffer.alloc(40)
    jumbo[0] = 0x60
    jumbo.writeUInt16BE(65_535, 4)
    for (const one of [lying, short, jumbo, Buffer.of(0x45), Buffer.of(0x60), Buffer.of(0xff)])
      nonsense.push(session.seal(one, { padTo: 1 }))
    for (let at = 0; at < nonsense.length; at += 50) peer.send(...nonsense.slice(at, at + 50))
    expect(await peer.ping(session)).toBe(true)
    expect(lab.daemon.ended).toBe(false)
  })

  it('survives noise of every type on its port', async () => {
    const { peer, session } = await connected()
    for (let batch = 0; batch < 40; batch++) {
      const noise: Buffer[] = []
      for (let i = 0; i < 100; i++) {
        const sizes = [148, 92, 64, 32, Math.floor(Math.random() * 1600)]
        const one = randomBytes(sizes[i % 5] ?? 0)
        if (one.length >= 4) one.writeUInt32LE((i % 5) + (i % 7 === 0 ? 256 : 0))
        if (i % 2 && one.length >= 8) one.writeUInt32LE(session.remoteIndex, 4)
        noise.push(one)
      }
      peer.send(...noise)
    }
    expect(await peer.ping(session)).toBe(true)
  })

  it('carries every size exactly, both ways', async () => {
    const { peer, session } = await connected()
    const capture = await Capture.start(lab.host, lab.device, 'udp and dst port 7001')
    const sent: Buffer[] = []
    for (let size = 0; size <= 1392; size++)
      sent.push(udp({ from: peer.inner.own, to: '10.88.0.1' }, 7000, 7001, randomBytes(size)))
    for (let at = 0; at < sent.length; at += 48) {
      const batch = sent.slice(at, at + 48).map((packet) => session.seal(packet))
      const before = lab.daemon.transfer(publicText(peer)).received
      const bytes = batch.reduce((sum, message) => sum + message.length, 0)
      peer.send(...batch)
      await until(
        `packets ${at} and following`,
        () => lab.daemon.transfer(publicText(peer)).received === before + bytes,
      )
    }
    const seen = await capture.collect((packets) => packets.length >= sent.length)
    capture.stop()
    expect(seen).toHaveLength(sent.length)
    expect(Buffer.concat(seen).equals(Buffer.concat(sent))).toBe(true)

    // Out again through a bound socket: one datagram of each size, in order, nothing else.
    await lab.host.finish(process.execPath, [
      '-e',
      `const s = require('node:dgram').createSocket('udp4')
       let size = 0
       const next = () => {
         if (size > 1392) return s.close()
         s.send(Buffer.alloc(size, size & 255), 7002, '${peer.inner.own}', () => (size++ % 32 ? next() : setTimeout(next, 1)))
       }
       next()`,
    ])
    for (let size = 0; size <= 1392; size++) {
      const one = await peer.nextTransport(
        session,
        2_000,
        (plain) => plain[9] === 17 && plain.readUInt16BE(22) === 7002,
      )
      const packet = trimPadding(one?.plain as Buffer)
      expect(packet.length).toBe(28 + size)
      expect(packet.subarray(28).equals(Buffer.alloc(size, size & 255)), `size ${size}`).toBe(true)
    }
  })

  describe.skipIf(!testingOurs)('as the kernel does it', () => {
    it('tells the sender that nobody owns an address, or that the owner has no endpoint', async () => {
      const lonely = await lab.addPeer({ known: false })
      for (const target of ['10.88.99.99', 'fd88::99:99', lonely.inner.own]) {
        const ping = await lab.host.finish('ping', ['-n', '-c', '1', '-W', '2', target])
        expect(ping.stdout, target).toMatch(/Unreachable|unreachable/)
      }
    })

    it('marks handshakes AF41 and hides the class of data, but for ECN', async () => {
      const peer = await lab.addPeer({ known: true })
      const capture = await Capture.start(
        lab.outside,
        'veth0',
        `udp and src port 51820 and dst port ${peer.port.local.port}`,
      )
      lab.pingOut(peer, '-Q', '0xb9')
      const session = await peer.answer()
      await peer.nextTransport(session, 2_000)
      for (const tos of ['0xb8', '0xba', '0xbb']) {
        lab.pingOut(peer, '-Q', tos)
        expect(await peer.nextTransport(session, 2_000)).toBeDefined()
      }
      const seen = await capture.collect((packets) => packets.length >= 5)
      capture.stop()
      expect(seen.slice(0, 5).map((packet) => packet[1])).toEqual([0x88, 1, 0, 2, 3])
    })

    it('hands congestion marks of the outer packet on', async () => {
      const { peer, session } = await connected()
      lab.outside.run('nft', 'add table ip congest')
      lab.outside.run(
        'nft',
        'add chain ip congest out { type route hook output priority mangle; }; add rule ip congest out udp dport 51820 ip ecn set ce',
      )
      const capture = await Capture.start(lab.host, lab.device, 'icmp and icmp[0] == 8')
      const inner = { from: peer.inner.own, to: '10.88.0.1' }
      for (const [i, tos] of [0, 1, 2, 3].entries())
        peer.send(session.seal(echoRequest({ ...inner, tos }, 7, 4000 + i)))
      const seen = await capture.collect((packets) => packets.length >= 4)
      capture.stop()
      lab.outside.run('nft', 'delete table ip congest')
      expect(seen.map((packet) => packet[1])).toEqual([0, 3, 3, 3])
      for (const sequence of [4000, 4001, 4002, 4003])
        expect(await peer.echoed(session, sequence, 2_000), 'the checksum was kept right').toBe(true)
    })
  })
})
