// SPDX-License-Identifier: MIT
// Datagrams come out of the tunnel as they went in, whatever is segmented, coalesced or merged on the way: lengths, bytes
// and order, of senders that segment themselves (UDP_SEGMENT) and of such that do not. A failure names the seed that
// repeats it (WGQ_TEST_SEED). WGQ_LONG=1 sends every size and two million datagrams of each flood.
import { release } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Chance } from '../support/chance.ts'
import { type DatagramBatch, floodFlows, sendDatagramBatches } from '../support/datagrams.ts'
import { hasOffloads, long, whyNoTunnel, wireguardGo } from '../support/implementation.ts'
import { whyNoNativeChild } from '../support/native-child.ts'
import { carried, pairings } from '../support/offloads.ts'
import { Tunnel } from '../support/tunnel.ts'

const why = whyNoTunnel() ?? whyNoNativeChild()
if (why) console.log(`datagram tests skipped: ${why}`)
const noWireguardGo = whyNoTunnel(wireguardGo.command)
if (noWireguardGo) console.log(`datagram tests without wireguard-go: ${noWireguardGo}`)

/** The largest datagram of an IPv6 packet that fits the interface's MTU of 1420. */
const largest = 1_372
/** Most that one send takes: an IPv4 packet without its headers. */
const mostBytes = 65_507
const mostSegments = 64

const [major = 0, minor = 0] = release().split('.').map(Number)
const stackSegments = major > 6 || (major === 6 && minor >= 2)

const fitting = (size: number, count: number): number =>
  Math.max(1, Math.min(count, mostSegments - 1, Math.floor(mostBytes / size) - 1))

/** Batches at the edges, then of chance. */
const makeBatches = (chance: Chance, count: number): DatagramBatch[] => {
  const edges = [1, 2, 3, 8, 15, 16, 17, 1_340, 1_371, largest].flatMap((size): DatagramBatch[] => [
    { how: 'segment', size, count: fitting(size, mostSegments), tail: 0 },
    { how: 'segment', size, count: fitting(size, mostSegments), tail: 1 },
    { how: 'segment', size, count: 1, tail: 0 },
    { how: 'segment', size, count: fitting(size, 5), tail: size },
    { how: 'segment', size, count: fitting(size, 9), tail: Math.max(1, size - 1) },
    { how: 'burst', size, count: mostSegments, tail: 0 },
  ])
  const any = Array.from({ length: count }, (_, i): DatagramBatch => {
    const size = long ? 1 + (i % largest) : chance.between(1, largest)
    const datagrams = fitting(size, chance.between(1, mostSegments))
    const tail = chance.of([0, 1, size, chance.between(1, size)])
    return { how: chance.of(['segment', 'segment', 'burst']), size, count: datagrams, tail }
  })
  return [...edges, ...any]
}

describe.skipIf(why).each(pairings(!noWireguardGo))('datagrams, $name', ({ ours, options }) => {
  let tunnel: Tunnel
  beforeAll(async () => {
    tunnel = await Tunnel.open({ label: 'dgram', ...options })
    if (!tunnel.ping()) throw new Error('the tunnel does not carry')
  })
  afterAll(() => tunnel?.remove())

  it('keeps lengths, bytes and order of batches of every size', async () => {
    const chance = new Chance()
    const { a, b } = tunnel
    const before = carried(a)
    for (const [from, to, address] of [
      [a, b, b.inner.v4],
      [b, a, a.inner.v6],
      [a, b, b.inner.v6],
      [b, a, a.inner.v4],
    ] as const) {
      const batches = makeBatches(chance, long ? 2 * largest : 150)
      const sent = batches.reduce((sum, { count, tail }) => sum + count + (tail ? 1 : 0), 0)
      const report = await sendDatagramBatches(from.ns, { ns: to.ns, address }, batches, {
        coalescing: chance.of([true, false]),
        // What wireguard-go's sockets take at once with the system's ordinary buffers.
        underway: ours ? 256 : 64,
      })
      expect({ seed: chance.seed, ...report }).toEqual({
        ...{ seed: chance.seed, sent, acknowledged: true, received: sent },
        ...{ wrong: 0, disorder: 0, missing: 0, firstFault: '' },
        coalesced: report.coalesced,
      })
    }
    // What was tested is what the switches say.
    const after = carried(a)
    if (!ours) return
    const grown = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0)
    const environment = { ...process.env, ...options.env }
    const whole = hasOffloads && stackSegments && (environment['WGQ_TUN_OFFLOAD'] ?? 'auto') === 'auto'
    expect(grown('tun_packets_read') > grown('tun_reads')).toBe(whole)
    expect(grown('udp_datagrams_sent') > grown('outer_packets')).toBe(
      hasOffloads && environment['WGQ_UDP_GSO'] !== '0',
    )
    for (const trouble of ['tun_malformed', 'tun_write_errors', 'tun_merge_refused', 'bad_tag', 'replayed'])
      expect([trouble, grown(trouble)]).toEqual([trouble, 0])
  })

  it('lets no datagram of a flow overtake another', async () => {
    const chance = new Chance()
    const { a, b } = tunnel
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const order = { flows: 8, count: long ? 2_000_000 : 20_000, seed: chance.between(1, 1 << 30) }
      const report = await floodFlows(from.ns, { ns: to.ns, ...to.inner }, order)
      expect({ seed: chance.seed, wrong: report.wrong, disorder: report.disorder }).toEqual({
        ...{ seed: chance.seed, wrong: 0, disorder: 0 },
      })
      expect(report.flows).toHaveLength(order.flows)
      for (const count of report.flows) expect(count).toBeGreaterThan(0)
    }
  })
})
