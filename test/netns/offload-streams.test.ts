// SPDX-License-Identifier: MIT
// TCP comes out of the tunnel as it went in, whatever is segmented, coalesced or merged on the way: bytes, order, and what
// both ends say to each other by flags and marks (ECN), with segments of every size. A failure names the seed that repeats
// it (WGQ_TEST_SEED). WGQ_LONG=1 goes through sixty segment sizes.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Chance } from '../support/chance.ts'
import { hasOffloads, long, whyNoTunnel, wireguardGo } from '../support/implementation.ts'
import { carried, pairings } from '../support/offloads.ts'
import { insertRelay } from '../support/relay.ts'
import { type Count, StreamCounters } from '../support/stream-counters.ts'
import { askSegmentSize, protocolCounts, setStreams } from '../support/stream-settings.ts'
import { transfer } from '../support/transfer.ts'
import { type End, Tunnel } from '../support/tunnel.ts'

const why = whyNoTunnel('nft')
if (why) console.log(`stream tests skipped: ${why}`)
const noWireguardGo = whyNoTunnel(wireguardGo.command)
if (noWireguardGo) console.log(`stream tests without wireguard-go: ${noWireguardGo}`)

const kibibyte = 1 << 10
const mebibyte = 1 << 20

/** The least that a kernel takes for a segment and the most that fits the interface's MTU of 1420 over IPv6. */
const segmentSizes = [88, 1_360] as const

/** Bytes of data in TCP packets whose headers are as long as these. */
const dataBytes = ({ packets, bytes }: Count, family: 4 | 6): number =>
  bytes - packets * ((family === 4 ? 20 : 40) + 20 + 12)

describe.skipIf(why).each(pairings(!noWireguardGo))('streams, $name', ({ ours, options }) => {
  let tunnel: Tunnel
  beforeAll(async () => {
    tunnel = await Tunnel.open({ label: 'stream', ...options })
    if (!tunnel.ping()) throw new Error('the tunnel does not carry')
  })
  afterAll(() => tunnel?.remove())

  /** IPv4 from a to b and IPv6 from b to a at the same time; equal sums. */
  const moveBothWays = async (bytes: number, seed: number): Promise<void> => {
    const { a, b } = tunnel
    const moved = await Promise.all([
      transfer(a.ns, { ns: b.ns, address: b.inner.v4 }, bytes),
      transfer(b.ns, { ns: a.ns, address: a.inner.v6 }, bytes),
    ])
    for (const { sent, received } of moved) expect({ seed, ...received }).toEqual({ seed, ...sent })
  }

  const rounds = long ? 60 : 4
  it(
    'keeps bytes and order with segments of any size',
    async () => {
      const chance = new Chance()
      const ends = [tunnel.a, tunnel.b]
      // No queue on the path overflows with what is under way, so that nothing is lost and all that is late was overtaken.
      for (const { ns, device } of ends) ns.run('ip', 'link', 'set', device, 'txqueuelen', '10000')
      const before = ends.map(({ ns }) => protocolCounts(ns))
      for (let round = 0; round < rounds; round++) {
        const size = round === 0 ? segmentSizes[0] : chance.between(...segmentSizes)
        askSegmentSize(tunnel.a, tunnel.b, size)
        askSegmentSize(tunnel.b, tunnel.a, size)
        for (const { ns } of ends)
          setStreams(ns, {
            sack: (round & 1) === 0,
            timestamps: (round & 2) === 0,
            ecn: chance.of([true, false]),
            sendBufferBytes: 300 * size,
          })
        const counters = ends.map((end) => StreamCounters.start(end, { askedSize: size }))
        await moveBothWays((long ? 4 : 1) * mebibyte, chance.seed)
        for (const one of counters) {
          const { askedSizeOut, synchronizeOut } = one.read()
          expect(synchronizeOut.packets).toBeGreaterThan(0)
          expect({ size, ...askedSizeOut }).toEqual({ size, ...synchronizeOut })
          one.stop()
        }
      }
      for (const [i, { ns }] of ends.entries()) {
        const after = protocolCounts(ns)
        const events = ['TcpInCsumErrors', 'TcpInErrs', 'UdpInCsumErrors']
        // The socket buffers of wireguard-go are too small for that.
        if (ours) events.push('TcpExtTCPOFOQueue')
        const grown = events.map((event) => [event, (after[event] ?? 0) - (before[i]?.[event] ?? 0)])
        expect([chance.seed, grown]).toEqual([chance.seed, events.map((event) => [event, 0])])
      }
    },
    rounds * 30_000,
  )

  it.skipIf(!ours)('segments and merges as its switches say', async () => {
    const { a, b } = tunnel
    const before = carried(a)
    for (const end of [a, b]) {
      setStreams(end.ns, { sack: true, timestamps: true, ecn: false })
      askSegmentSize(end, end === a ? b : a, 1_360)
    }
    await moveBothWays(4 * mebibyte, 0)
    const after = carried(a)
    const grown = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0)
    const environment = { ...process.env, ...options.env }
    const whole = hasOffloads && environment['WGQ_TUN_OFFLOAD'] !== '0'
    expect(grown('tun_packets_read') > grown('tun_reads')).toBe(whole)
    expect(grown('tun_packets_merged') > 0).toBe(whole)
    expect(grown('udp_datagrams_sent') > grown('outer_packets')).toBe(
      hasOffloads && environment['WGQ_UDP_GSO'] !== '0',
    )
    for (const trouble of ['tun_malformed', 'tun_write_errors', 'tun_merge_refused', 'bad_tag', 'replayed'])
      expect([trouble, grown(trouble)]).toEqual([trouble, 0])
  })

  /** A transfer with counters at both sides. */
  const moveMarked = async (from: End, to: End, family: 4 | 6, mark: 'inner' | 'outer') => {
    for (const { ns } of [from, to]) setStreams(ns, { sack: true, timestamps: true, ecn: true })
    askSegmentSize(to, from, 1_360)
    const sender = StreamCounters.start(from, mark === 'inner' ? { mark } : {})
    const receiver = StreamCounters.start(to, mark === 'outer' ? { mark } : {})
    const address = family === 4 ? to.inner.v4 : to.inner.v6
    const moved = await transfer(from.ns, { ns: to.ns, address }, mebibyte)
    expect(moved.received).toEqual(moved.sent)
    const counts = { sender: sender.read(), receiver: receiver.read() }
    sender.stop()
    receiver.stop()
    return counts
  }

  it('carries marks of congestion, their echo and the answer, each as often as it was given', async () => {
    const { a, b } = tunnel
    for (const [from, to, family] of [
      [a, b, 4],
      [b, a, 6],
    ] as const) {
      const { sender, receiver } = await moveMarked(from, to, family, 'inner')
      expect(sender.congestedOut.packets).toBeGreaterThan(0)
      expect(dataBytes(receiver.congestedIn, family)).toBe(dataBytes(sender.congestedOut, family))
      expect(receiver.echoOut.packets).toBeGreaterThan(0)
      expect(sender.echoIn.packets).toBe(receiver.echoOut.packets)
      // A super-packet that carries CWR becomes one segment with it and others without.
      expect(sender.reducedOut.packets).toBeGreaterThan(0)
      expect(receiver.reducedIn.packets).toBe(sender.reducedOut.packets)
    }
  })

  it.skipIf(!ours)('takes over marks that it meets outside', async () => {
    const { a, b } = tunnel
    for (const [from, to, family] of [
      [a, b, 4],
      [b, a, 6],
    ] as const) {
      const { sender, receiver } = await moveMarked(from, to, family, 'outer')
      expect(sender.congestedOut.packets).toBe(0)
      expect(receiver.congestedIn.packets).toBeGreaterThan(0)
      expect(sender.echoIn.packets).toBeGreaterThan(0)
      expect(sender.echoIn.packets).toBe(receiver.echoOut.packets)
      expect(receiver.reducedIn.packets).toBe(sender.reducedOut.packets)
    }
  })

  it.each([true, false])('completes over a bad road, selective acknowledgement %s', async (sack) => {
    const chance = new Chance()
    const { a, b } = tunnel
    for (const end of [a, b]) {
      setStreams(end.ns, { sack, timestamps: sack, ecn: true })
      askSegmentSize(end, end === a ? b : a, chance.between(600, 1_360))
    }
    const endRelay = await insertRelay(tunnel, { loss: 0.01, duplicate: 0.02, reorder: 0.05, reorderMs: 3 })
    const counters = StreamCounters.start(a)
    const bytes = (long ? 8 * kibibyte : 512) * kibibyte
    const moved = await transfer(a.ns, { ns: b.ns, address: b.inner.v4 }, bytes)
    expect({ seed: chance.seed, ...moved.received }).toEqual({ seed: chance.seed, ...moved.sent })
    expect(counters.read().selectiveIn.packets > 0).toBe(sack)
    counters.stop()
    expect((await endRelay()).reordered).toBeGreaterThan(5)
    a.daemon.set('peer', b.keys.publicKey, 'endpoint', `${b.outer.v4}:${b.port}`)
    expect(tunnel.ping()).toBe(true)
  })
})
