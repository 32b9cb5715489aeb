// SPDX-License-Identifier: MIT
// What the daemon writes to the interface, cut into segments again, is what the peer sent: packets that may be merged keep
// every header field, and packets that may not be merged are not. The daemon is stopped while a
// burst arrives, so that it finds all of it in one batch.
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Capture } from '../support/capture.ts'
import { whyNoTunnel } from '../support/implementation.ts'
import { type IpFields, type TcpFields, tcp, tcpFlag, udp } from '../support/inner-packet.ts'
import { Lab } from '../support/lab.ts'
import type { Session } from '../support/noise.ts'
import type { ProtocolPeer } from '../support/protocol-peer.ts'

const why = whyNoTunnel('tcpdump')
if (why) console.log(`merging tests skipped: ${why}`)

/** A stream of packets that differ from the plain one in what a test says. */
const stream = (
  family: 4 | 6,
  change: (i: number) => {
    ip?: Partial<IpFields>
    tcp?: Partial<TcpFields>
    size?: number
    skip?: number
  } = () => ({}),
  count = 8,
): Buffer[] => {
  const ends = family === 4 ? { from: '10.88.1.1', to: '10.88.0.1' } : { from: 'fd88::1:1', to: 'fd88::1' }
  let sequence = 1_000_000
  return Array.from({ length: count }, (_, i) => {
    const { ip, tcp: fields, size = 1_000, skip = 0 } = change(i)
    sequence += skip
    const packet = tcp(
      { ...ends, dontFragment: true, ...ip },
      { fromPort: 4_001, toPort: 4_002, sequence, ...fields },
      randomBytes(size),
    )
    sequence += size
    return packet
  })
}

/** A packet without what differs between the parts of one merged packet: lengths, identification, sums, sequence number. */
const comparable = (packet: Buffer): string => {
  const copy = Buffer.from(packet)
  const v6 = (copy[0] ?? 0) >> 4 === 6
  const at = v6 ? 40 : ((copy[0] ?? 0) & 15) * 4
  if (v6) copy.fill(0, 4, 6)
  else {
    copy.fill(0, 2, 6)
    copy.fill(0, 10, 12)
  }
  copy.fill(0, at + 4, at + 8)
  copy.fill(0, at + 16, at + 18)
  const offset = at + ((copy[at + 12] ?? 0) >> 4) * 4
  // PSH belongs to the last part alone.
  copy[at + 13] = (copy[at + 13] ?? 0) & ~tcpFlag.psh
  return copy.subarray(0, offset).toString('hex')
}

const headerLength = (packet: Buffer): number => {
  const at = (packet[0] ?? 0) >> 4 === 6 ? 40 : ((packet[0] ?? 0) & 15) * 4
  return at + ((packet[at + 12] ?? 0) >> 4) * 4
}

const sequenceOf = (packet: Buffer): number =>
  packet.readUInt32BE(((packet[0] ?? 0) >> 4 === 6 ? 40 : ((packet[0] ?? 0) & 15) * 4) + 4)

describe.skipIf(why)('merging', () => {
  let lab: Lab
  let peer: ProtocolPeer
  let session: Session
  beforeAll(async () => {
    lab = await Lab.open()
    peer = await lab.addPeer()
    session = await peer.handshake()
    if (!(await peer.ping(session))) throw new Error('no session')
  })
  afterAll(() => lab?.remove())

  /** Delivers packets in one batch and returns what the interface saw. */
  const deliver = async (packets: readonly Buffer[], filter: string): Promise<Buffer[]> => {
    const capture = await Capture.start(lab.host, lab.device, filter, 65_535)
    lab.daemon.process.kill('SIGSTOP')
    peer.send(...packets.map((packet) => session.seal(packet)))
    await pause(60)
    lab.daemon.process.kill('SIGCONT')
    const bytes = packets.reduce((sum, packet) => sum + packet.length - headerLength(packet), 0)
    const seen = await capture.collect(
      (now) => now.reduce((sum, packet) => sum + packet.length - headerLength(packet), 0) >= bytes,
      3_000,
    )
    capture.stop()
    return seen
  }

  /** Says of each packet seen which of those sent it was made from; raises an error when one differs. */
  const takeApart = (seen: readonly Buffer[], sent: readonly Buffer[]): number[][] => {
    const left = new Map(sent.map((packet, i) => [i, packet]))
    return seen.map((packet) => {
      const parts: number[] = []
      let payload = packet.subarray(headerLength(packet))
      let sequence = sequenceOf(packet)
      while (payload.length || parts.length === 0) {
        const found = [...left].find(
          ([, one]) =>
            sequenceOf(one) === sequence &&
            payload.subarray(0, one.length - headerLength(one)).equals(one.subarray(headerLength(one))) &&
            comparable(one) === comparable(packet),
        )
        if (!found) throw new Error(`a packet came that nobody sent, after parts ${parts}`)
        const [i, one] = found
        left.delete(i)
        parts.push(i)
        if (payload.length === one.length - headerLength(one) && parts.length === 1)
          expect(packet.equals(one), `packet ${i} alone is unchanged`).toBe(true)
        payload = payload.subarray(one.length - headerLength(one))
        sequence = (sequence + one.length - headerLength(one)) >>> 0
      }
      return parts
    })
  }

  const inOrder = (parts: number[][]): number[] => parts.flat()
  const filter = 'tcp and dst port 4002 or (ip6 and dst port 4002)'

  describe.each([4, 6] as const)('IPv%i', (family) => {
    const alternating: Record<string, (i: number) => ReturnType<NonNullable<Parameters<typeof stream>[1]>>> =
      {
        'plain data': () => ({}),
        'unequal class': (i) => ({ ip: { tos: i % 2 ? 0x10 : 0 } }),
        'unequal ECN': (i) => ({ ip: { tos: i % 2 ? 3 : 2 } }),
        'unequal TTL': (i) => ({ ip: { ttl: i % 2 ? 63 : 64 } }),
        'unequal DF': (i) => (family === 4 ? { ip: { dontFragment: i % 2 === 0 } } : {}),
        'IP options': () => (family === 4 ? { ip: { options: Buffer.of(1, 1, 1, 0) } } : {}),
        'unequal acknowledgement': (i) => ({ tcp: { acknowledgement: 7 + (i >> 1) } }),
        'unequal window': (i) => ({ tcp: { window: 500 + (i >> 1) } }),
        'unequal option bytes': (i) => ({
          tcp: { options: Buffer.of(1, 1, 8, 10, 0, 0, 0, i >> 1, 0, 0, 0, 1) },
        }),
        'equal timestamps': () => ({ tcp: { options: Buffer.of(1, 1, 8, 10, 0, 0, 0, 5, 0, 0, 0, 1) } }),
        'a push in between': (i) => ({ tcp: { flags: i === 3 ? tcpFlag.ack | tcpFlag.psh : tcpFlag.ack } }),
        'other flags': (i) => ({
          tcp: { flags: tcpFlag.ack | ([0, tcpFlag.urg, tcpFlag.ece, tcpFlag.cwr, tcpFlag.fin][i] ?? 0) },
        }),
        'a wrong checksum in between': (i) => ({ tcp: { corrupt: i === 2 || i === 5 } }),
        'a wrong checksum first': (i) => ({ tcp: { corrupt: i === 0 } }),
        'a short last segment': (i) => ({ size: i === 7 ? 333 : 1_000 }),
        'a short segment in between': (i) => ({ size: i === 3 ? 333 : 1_000 }),
        'a growing segment': (i) => ({ size: i < 4 ? 500 : 900 }),
        'a gap': (i) => ({ skip: i === 4 ? 1_000 : 0 }),
        'empty segments': (i) => ({ size: i % 3 === 2 ? 0 : 700 }),
        'tiny segments': () => ({ size: 1 }),
        'the full size': () => ({ size: family === 4 ? 1_380 : 1_360 }),
      }
    for (const [what, change] of Object.entries(alternating))
      it(`keeps ${what}`, async () => {
        const sent = stream(family, change)
        const seen = await deliver(sent, filter)
        expect(inOrder(takeApart(seen, sent))).toEqual(sent.map((_, i) => i))
      })

    it('keeps more than fits one packet', async () => {
      const sent = stream(family, () => ({ size: 1_360 }), 60)
      const seen = await deliver(sent, filter)
      expect(inOrder(takeApart(seen, sent))).toEqual(sent.map((_, i) => i))
      for (const packet of seen) expect(packet.length).toBeLessThanOrEqual(65_535)
    })

    it('keeps two flows apart, each in its order', async () => {
      const one = stream(family)
      const two = stream(family, () => ({ tcp: { fromPort: 4_009 } }))
      const sent = one.flatMap((packet, i) => [packet, two[i] as Buffer])
      const order = inOrder(takeApart(await deliver(sent, filter), sent))
      expect(order.filter((i) => i % 2 === 0)).toEqual(one.map((_, i) => 2 * i))
      expect(order.filter((i) => i % 2 === 1)).toEqual(two.map((_, i) => 2 * i + 1))
    })

    it('keeps all of a stream that arrives out of order', async () => {
      const sent = stream(family)
      const shuffled = [1, 0, 2, 4, 3, 7, 6, 5].map((i) => sent[i] as Buffer)
      const order = inOrder(takeApart(await deliver(shuffled, filter), shuffled))
      expect([...order].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    })
  })

  it('keeps datagrams of every mixture apart', async () => {
    const ends = { from: '10.88.1.1', to: '10.88.0.1' }
    const sizes = [800, 800, 800, 300, 800, 800, 801, 801, 1, 1, 1, 1_392, 1_392]
    const sent = sizes.map((size, i) => udp(ends, 5_001, 5_002, Buffer.alloc(size, i)))
    const receiver = lab.host.start(process.execPath, [
      '-e',
      `const s = require('node:dgram').createSocket('udp4')
       s.on('message', (data) => console.log(data.length + ' ' + data[0]))
       s.bind(5002, '10.88.0.1', () => console.log('ready'))`,
    ])
    let text = ''
    receiver.stdout?.setEncoding('utf8').on('data', (more: string) => {
      text += more
    })
    while (!text.includes('ready')) await pause(10)
    lab.daemon.process.kill('SIGSTOP')
    peer.send(...sent.map((packet) => session.seal(packet)))
    await pause(60)
    lab.daemon.process.kill('SIGCONT')
    const expected = `ready\n${sizes.map((size, i) => `${size} ${i}\n`).join('')}`
    for (let i = 0; i < 100 && text !== expected; i++) await pause(20)
    expect(text).toBe(expected)
  })
})
