// SPDX-License-Identifier: MIT
// When the daemon speaks by itself, and when it must not (spec protocol §7). Every case waits for real seconds, so all
// run at the same time, each with a peer of its own; times are taken by the process that receives.
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { withFile } from '../support/daemon.ts'
import { long, testingOurs, whyNoTunnel } from '../support/implementation.ts'
import { readEchoReply, trimPadding } from '../support/inner-packet.ts'
import { Lab, publicText } from '../support/lab.ts'
import { mac2Fits, makeCookieReply, messageType, type Session } from '../support/noise.ts'
import { type ProtocolPeer, typeOf } from '../support/protocol-peer.ts'

const why = whyNoTunnel()
if (why) console.log(`timer tests skipped: ${why}`)

const seconds = (n: number) => new Promise((resolve) => setTimeout(resolve, n * 1_000))
const nowMs = () => performance.timeOrigin + performance.now()
/** Jitter of retransmission and of the handshake after silence: up to a third of a second (protocol §4.3). */
const jitterMs = 334
/** A busy machine wakes timers late, and sees the first of two messages late. */
const lateMs = 500
const earlyMs = 300

const expectSpan = (spanMs: number, seconds: number, jitter: number, what: string): void => {
  expect(spanMs, what).toBeGreaterThan(seconds * 1_000 - earlyMs)
  expect(spanMs, what).toBeLessThan(seconds * 1_000 + jitter + lateMs)
}

/** A session in which the daemon is the initiator; `startedMs` is when it sent the initiation. */
const initiatedByDaemon = async (
  lab: Lab,
  peer: ProtocolPeer,
): Promise<{ session: Session; startedMs: number }> => {
  lab.pingOut(peer)
  const initiation = await peer.nextInitiation(10_000)
  if (!initiation) throw new Error('no initiation came')
  const { message, session } = initiation.read.respond()
  peer.send(message)
  const first = await peer.nextTransport(session, 5_000)
  expect(first?.counter).toBe(0n)
  return { session, startedMs: initiation.datagram.atMs }
}

const waitUntil = (atMs: number) => seconds(Math.max(0, atMs - nowMs()) / 1_000)

describe.skipIf(why).concurrent('timers', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await Lab.open()
  })
  afterAll(() => lab?.remove())

  it('retransmits an initiation 19 times, 5 s and jitter apart, then gives up', async () => {
    const peer = await lab.addPeer({ known: true })
    lab.pingOut(peer)
    const times: number[] = []
    const stamps: string[] = []
    const ephemerals = new Set<string>()
    for (;;) {
      const one = await peer.nextInitiation(8_000)
      if (!one) break
      times.push(one.datagram.atMs)
      stamps.push(one.read.timestamp.toString('hex'))
      ephemerals.add(one.datagram.data.subarray(8, 40).toString('hex'))
      expect(one.read.timestamp.readUInt32BE(8) & 0xffffff, 'nanoseconds are whitened').toBe(0)
    }
    expect(times).toHaveLength(20)
    expect(ephemerals.size).toBe(20)
    expect([...stamps].sort()).toEqual(stamps)
    const spans = times.slice(1).map((at, i) => at - (times[i] ?? 0))
    for (const span of spans) expectSpan(span, 5, jitterMs, 'retransmission')
    expect(new Set(spans.map((span) => Math.round(span / 5))).size, 'jitter varies').toBeGreaterThan(5)
    // New traffic starts anew.
    lab.pingOut(peer)
    expect(await peer.nextInitiation(2_000)).toBeDefined()
  })

  it('completes on a retransmission, and drops the late response to the first attempt', async () => {
    const peer = await lab.addPeer({ known: true })
    lab.pingOut(peer, '-W', '9')
    const first = await peer.nextInitiation(2_000)
    const second = await peer.nextInitiation(8_000)
    const late = first?.read.respond()
    peer.send(late?.message as Buffer)
    expect(await peer.nextTransport(late?.session as Session, 500)).toBeUndefined()
    const answer = second?.read.respond()
    peer.send(answer?.message as Buffer)
    const staged = await peer.nextTransport(answer?.session as Session, 2_000)
    expect(staged?.counter).toBe(0n)
    expect(staged?.plain.length).toBeGreaterThan(0)
    peer.send(answer?.message as Buffer)
    expect(await peer.nextTransport(answer?.session as Session, 500)).toBeUndefined()
  })

  it('puts mac2 on the next retransmission after a cookie, and does not hurry', async () => {
    const peer = await lab.addPeer({ known: true })
    lab.pingOut(peer)
    const first = await peer.nextInitiation(2_000)
    const cookie = randomBytes(16)
    const message = first?.datagram.data as Buffer
    peer.send(makeCookieReply(peer.keys, message, cookie))
    const second = await peer.nextInitiation(8_000)
    expectSpan(
      (second?.datagram.atMs ?? 0) - (first?.datagram.atMs ?? 0),
      5,
      jitterMs,
      'retransmission after a cookie',
    )
    expect(mac2Fits(second?.datagram.data as Buffer, cookie)).toBe(true)
    const key = publicText(peer)
    expect(lab.daemon.transfer(key).received, 'cookie replies are not counted').toBe(0)
  })

  it('ignores a cookie made for another message', async () => {
    const peer = await lab.addPeer({ known: true })
    lab.pingOut(peer)
    const first = await peer.nextInitiation(2_000)
    const forged = Buffer.from(first?.datagram.data as Buffer)
    forged.fill(7, 116, 132)
    peer.send(makeCookieReply(peer.keys, forged, randomBytes(16)))
    const second = await peer.nextInitiation(8_000)
    expect(second?.datagram.data.subarray(132)).toEqual(Buffer.alloc(16))
  })

  it('asks once for a burst of data, then delivers what waited', async () => {
    const peer = await lab.addPeer({ known: true })
    for (let i = 1; i <= 5; i++) lab.pingOut(peer, '-e', String(1000 + i))
    const asked = await peer.nextInitiation(2_000)
    expect(await peer.nextInitiation(1_500)).toBeUndefined()
    const { message, session } = asked?.read.respond() ?? {}
    peer.send(message as Buffer)
    const ids = new Set<number>()
    for (let i = 0; i < 5; i++) {
      const one = await peer.nextTransport(session as Session, 2_000)
      expect(one?.counter).toBe(BigInt(i))
      ids.add(trimPadding(one?.plain as Buffer).readUInt16BE(24))
    }
    expect(ids.size).toBe(5)
  })

  it('sends one keepalive at once when it initiated and has nothing to say', async () => {
    const peer = await lab.addPeer({ known: true, keepaliveSeconds: 25 })
    const session = await peer.answer(5_000)
    const first = await peer.nextTransport(session, 2_000)
    expect(first?.plain).toHaveLength(0)
    expect(await peer.nextTransport(session, 3_000)).toBeUndefined()
  })

  it('does not answer a keepalive', async () => {
    const peer = await lab.addPeer()
    const session = await peer.handshake()
    peer.send(session.seal(Buffer.alloc(0)))
    expect(await peer.port.next(17_000)).toBeUndefined()
  })

  it('acknowledges data with one keepalive 10 s after the first of it', async () => {
    const peer = await lab.addPeer()
    const session = await peer.handshake()
    peer.send(session.seal(Lab.silent(peer)))
    const startMs = nowMs()
    const first = await peer.nextTransport(session, 12_000)
    expect(first?.plain).toHaveLength(0)
    expectSpan((first?.datagram.atMs ?? 0) - startMs, 10, 0, 'passive keepalive')
    expect(await peer.port.next(12_000), 'no second one').toBeUndefined()

    peer.send(session.seal(Lab.silent(peer)))
    const againMs = nowMs()
    await seconds(3)
    peer.send(session.seal(Lab.silent(peer)))
    const second = await peer.nextTransport(session, 12_000)
    expectSpan((second?.datagram.atMs ?? 0) - againMs, 10, 0, 'counted from the first of two')
    expect(await peer.port.next(12_000), 'one for both').toBeUndefined()
  })

  it('has nothing to acknowledge when it answered with data', async () => {
    const peer = await lab.addPeer()
    const session = await peer.handshake()
    expect(await peer.ping(session)).toBe(true)
    // The daemon's own data was not acknowledged either, so that a handshake follows at 15 s: look before that.
    expect(await peer.port.next(14_000)).toBeUndefined()
  })

  it('asks for a new handshake 15 s after data that nobody acknowledged', async () => {
    const peer = await lab.addPeer()
    const session = await peer.handshake()
    peer.send(session.seal(peer.echo()))
    const reply = await peer.nextTransport(session, 2_000, (plain) => readEchoReply(plain) !== undefined)
    const next = await peer.nextInitiation(20_000)
    expectSpan((next?.datagram.atMs ?? 0) - (reply?.datagram.atMs ?? 0), 15, jitterMs, 'after silence')
  })

  it('is content when data was acknowledged by a keepalive', async () => {
    const peer = await lab.addPeer()
    const session = await peer.handshake()
    expect(await peer.ping(session)).toBe(true)
    await seconds(2)
    peer.send(session.seal(Buffer.alloc(0)))
    expect(await peer.nextInitiation(18_000)).toBeUndefined()
  })

  it('sends persistent keepalives at their interval, unless there is traffic', async () => {
    const peer = await lab.addPeer({ known: true, keepaliveSeconds: 2 })
    const session = await peer.answer(5_000)
    const times: number[] = []
    for (let i = 0; i < 5; i++) {
      const one = await peer.nextTransport(session, 4_000)
      expect(one?.plain).toHaveLength(0)
      times.push(one?.datagram.atMs ?? 0)
    }
    for (const [i, at] of times.entries()) if (i) expectSpan(at - (times[i - 1] ?? 0), 2, 0, 'interval')
    for (let i = 0; i < 8; i++) {
      peer.send(session.seal(Buffer.alloc(0)))
      expect(await peer.nextTransport(session, 1_000), 'traffic in either direction counts').toBeUndefined()
    }
    lab.daemon.set('peer', publicText(peer), 'persistent-keepalive', 'off')
    expect(await peer.nextTransport(session, 5_000)).toBeUndefined()
    lab.daemon.set('peer', publicText(peer), 'persistent-keepalive', '100')
    expect(await peer.nextTransport(session, 1_000), 'one at once when switched on').toBeDefined()
  })

  it('does not initiate within 5 s of a response', async () => {
    const peer = await lab.addPeer()
    await peer.handshake()
    lab.pingOut(peer)
    expect(await peer.nextInitiation(4_500)).toBeUndefined()
    await seconds(1)
    lab.pingOut(peer)
    expect(await peer.nextInitiation(1_000)).toBeDefined()
  })

  it.skipIf(!testingOurs)(
    'initiates 5 s after a response that nobody took up, for one packet that waits',
    async () => {
      const peer = await lab.addPeer()
      await peer.handshake()
      lab.pingOut(peer)
      expect(await peer.nextInitiation(10_000)).toBeDefined()
    },
  )

  it('as initiator renews after 120 s when sending, not before', async () => {
    const peer = await lab.addPeer({ known: true })
    const { session, startedMs } = await initiatedByDaemon(lab, peer)
    while (nowMs() < startedMs + 117_000) {
      expect(await peer.ping(session)).toBe(true)
      peer.send(session.seal(Buffer.alloc(0)))
      expect(await peer.nextInitiation(8_000 - 500), 'before 120 s').toBeUndefined()
      if (nowMs() > startedMs + 109_000) break
    }
    await waitUntil(startedMs + 121_000)
    expect(await peer.ping(session), 'the old session still carries').toBe(true)
    const renewal = await peer.nextInitiation(1_000)
    expect(renewal).toBeDefined()
    const next = renewal?.read.respond()
    peer.send(next?.message as Buffer)
    const confirmation = await peer.nextTransport(next?.session as Session, 2_000)
    expect(confirmation?.plain).toHaveLength(0)
    expect(await peer.ping(next?.session as Session)).toBe(true)
    // The previous session is still good for receiving.
    const packet = peer.echo()
    peer.send(session.seal(packet))
    const reply = await peer.nextTransport(next?.session as Session, 2_000)
    expect(readEchoReply(trimPadding(reply?.plain as Buffer))).toBeDefined()
  })

  it('as responder leaves renewal to the initiator until the key is dead at 180 s', async () => {
    const peer = await lab.addPeer()
    const session = await peer.handshake()
    const startMs = nowMs()
    expect(await peer.ping(session)).toBe(true)
    peer.send(session.seal(Buffer.alloc(0)))
    await waitUntil(startMs + 122_000)
    expect(await peer.ping(session)).toBe(true)
    peer.send(session.seal(Buffer.alloc(0)))
    expect(await peer.nextInitiation(5_000)).toBeUndefined()
    await waitUntil(startMs + 170_000)
    expect(await peer.ping(session)).toBe(true)
    peer.send(session.seal(Buffer.alloc(0)))
    await waitUntil(startMs + 181_000)
    peer.port.drain()
    expect(await peer.ping(session, { timeoutMs: 1_000 }), 'a dead key receives nothing').toBe(false)
    lab.pingOut(peer)
    expect(await peer.nextInitiation(2_000), 'and sends nothing').toBeDefined()
    expect(peer.port.drain().filter((one) => typeOf(one) === messageType.transport)).toEqual([])
  })

  it('as initiator renews after 165 s when receiving, once', async () => {
    const peer = await lab.addPeer({ known: true })
    const { session, startedMs } = await initiatedByDaemon(lab, peer)
    peer.send(session.seal(Buffer.alloc(0)))
    await waitUntil(startedMs + 163_000)
    peer.send(session.seal(Buffer.alloc(0)))
    expect(await peer.nextInitiation(1_500)).toBeUndefined()
    await waitUntil(startedMs + 166_000)
    peer.send(session.seal(Buffer.alloc(0)), session.seal(Buffer.alloc(0)))
    expect(await peer.nextInitiation(1_000)).toBeDefined()
    expect(await peer.nextInitiation(4_500)).toBeUndefined()
  })

  it.skipIf(!long)(
    'forgets the keys after 540 s',
    async () => {
      const peer = await lab.addPeer()
      const session = await peer.handshake()
      expect(await peer.ping(session)).toBe(true)
      await seconds(541)
      peer.port.drain()
      expect(await peer.ping(session, { timeoutMs: 1_000 })).toBe(false)
    },
    600_000,
  )

  it('lets a change of the preshared key wait for the next handshake', async () => {
    const peer = await lab.addPeer()
    const session = await peer.handshake()
    const psk = randomBytes(32)
    withFile(`${psk.toString('base64')}\n`, (file) =>
      lab.daemon.set('peer', publicText(peer), 'preshared-key', file),
    )
    expect(await peer.ping(session), 'the session goes on').toBe(true)
    await seconds(0.03)
    const initiation = peer.initiation()
    peer.send(initiation.message)
    const response = await peer.port.next(5_000, (one) => typeOf(one) === messageType.response)
    expect(initiation.finish(response?.data as Buffer), 'the old key no longer').toBeUndefined()
    expect(initiation.finish(response?.data as Buffer, psk)).toBeDefined()
  })

  it.skipIf(!testingOurs)('cannot be awakened by a forged or replayed packet', async () => {
    const peer = await lab.addPeer()
    const session = await peer.handshake()
    const packet = session.seal(Lab.silent(peer))
    peer.send(packet)
    expect((await peer.nextTransport(session, 12_000))?.plain).toHaveLength(0)
    const forged = Buffer.from(packet)
    forged[forged.length - 1] = (forged[forged.length - 1] ?? 0) ^ 1
    peer.send(packet, forged)
    expect(await peer.port.next(13_000)).toBeUndefined()
  })
})
