// SPDX-License-Identifier: MIT
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { headerValid, type Packet, packetOf, sum16, transportValid, virtio } from './fixtures/packets.ts'
import { coalesce, segment } from './testing.ts'

const all = { tcp: true, udp: true }
const bytes = (length: number, seed = 0) => Uint8Array.from({ length }, (_, i) => (i * 3 + seed) & 0xff)
const counts = (packets: readonly Packet[], merges = all) =>
  coalesce(packets.map(packetOf), merges).map(({ header, bytes }) =>
    header[1] === 0 ? 1 : (segment(header, bytes)?.length ?? 0),
  )
const run = (base: Packet, count: number, size: number): Packet[] =>
  Array.from({ length: count }, (_, i) => ({ ...base, sequence: 100 + i * size, payload: bytes(size, i) }))

describe.each([4, 6] as const)('IPv%i', (version) => {
  const start = version === 4 ? 20 : 40

  test.each(['tcp', 'udp'] as const)(
    'a run of one %s flow becomes one super-packet with the same content',
    (protocol) => {
      const packets = run({ version, protocol }, 10, 1000).map(packetOf)
      const written = coalesce(packets, all)
      expect(written).toHaveLength(1)
      const [one] = written
      if (!one) throw new Error('one write is expected')
      const header = Buffer.from(one.header)
      const tcp = protocol === 'tcp'
      expect(header[0]).toBe(1)
      expect(header[1]).toBe(tcp ? (version === 4 ? 1 : 4) : 5)
      expect(header.readUInt16LE(2)).toBe(start + (tcp ? 20 : 8))
      expect(header.readUInt16LE(4)).toBe(1000)
      expect(header.readUInt16LE(6)).toBe(start)
      expect(header.readUInt16LE(8)).toBe(tcp ? 16 : 6)
      // The checksum field holds the pseudo-header's sum, not complemented, for the kernel to finish.
      const whole = Buffer.from(one.bytes)
      const addresses = version === 4 ? whole.subarray(12, 20) : whole.subarray(8, 40)
      expect(whole.readUInt16BE(start + (tcp ? 16 : 6))).toBe(
        sum16(addresses, (tcp ? 6 : 17) + whole.length - start),
      )
      if (version === 4) expect(headerValid(whole)).toBe(true)
      const cut = (segment(header, whole) ?? []).map((s) => Buffer.from(s))
      expect(cut).toHaveLength(10)
      for (const [i, s] of cut.entries()) {
        expect(transportValid(s, start, tcp ? 6 : 17)).toBe(true)
        const original = packets[i]
        expect(s.subarray(start)).toEqual(original?.subarray(start))
      }
    },
  )

  test('a lone packet is written as it came', () => {
    const packet = packetOf({ version, payload: bytes(77) })
    const written = coalesce([packet], all)
    expect(written).toHaveLength(1)
    expect(Buffer.from(written[0]?.header ?? [])).toEqual(Buffer.alloc(10))
    expect(Buffer.from(written[0]?.bytes ?? [])).toEqual(packet)
  })

  test('a shorter packet ends the batch, a longer one begins another', () => {
    const tail = { version, sequence: 300, payload: bytes(50) }
    const after = { version, sequence: 350, payload: bytes(100) }
    expect(counts([...run({ version }, 2, 100), tail, after])).toEqual([3, 1])
    const longer = { version, sequence: 300, payload: bytes(101) }
    expect(counts([...run({ version }, 2, 100), longer])).toEqual([2, 1])
  })

  test('PSH ends the batch and is kept', () => {
    const pushed = { version, sequence: 300, payload: bytes(100), flags: 0x18 }
    const after = { version, sequence: 400, payload: bytes(100) }
    const packets = [...run({ version }, 2, 100), pushed, after]
    expect(counts(packets)).toEqual([3, 1])
    const [one] = coalesce(packets.map(packetOf), all)
    expect(one?.bytes[start + 13]).toBe(0x18)
  })

  test.each<[string, Partial<Packet>]>([
    ['another acknowledgement', { acknowledgement: 8 }],
    ['a gap', { sequence: 201 }],
    ['a repetition', { sequence: 100 }],
    ['another port', { sourcePort: 1001 }],
    ['another TTL', { ttl: 63 }],
    ['another traffic class', { tos: 1 }],
    ['options', { options: Uint8Array.of(1, 1, 1, 1) }],
    ['a wrong checksum', { badChecksum: true }],
    ['FIN', { flags: 0x11 }],
    ['URG', { flags: 0x30 }],
    ['no payload', { payload: Uint8Array.of() }],
    ['another destination', { destination: version === 4 ? [10, 77, 0, 3] : [0xfd, ...Array(15).fill(3)] }],
  ])('%s is not merged', (_, difference) => {
    const first = { version, sequence: 100, payload: bytes(100) }
    const second = { version, sequence: 200, payload: bytes(100) }
    expect(counts([first, second])).toEqual([2])
    expect(counts([first, { ...second, ...difference }])).toEqual([1, 1])
  })

  test('a wrong checksum of the first packet stops the merge and leaves it unchanged', () => {
    const first = packetOf({ version, sequence: 100, payload: bytes(100), badChecksum: true })
    const second = packetOf({ version, sequence: 200, payload: bytes(100) })
    const written = coalesce([first, second], all)
    expect(written.map(({ bytes }) => Buffer.from(bytes))).toEqual([first, second])
  })

  test('flows that alternate are merged each with its own', () => {
    const packets = Array.from({ length: 12 }, (_, i) => ({
      version,
      sourcePort: 1000 + (i % 3),
      sequence: 100 * Math.floor(i / 3),
      payload: bytes(100),
    }))
    expect(counts(packets)).toEqual([4, 4, 4])
  })

  test('nothing overtakes a packet that cannot be merged', () => {
    const alone = { version, flags: 0x10, payload: Uint8Array.of() }
    const [a, b] = run({ version }, 2, 100)
    if (!a || !b) throw new Error('two packets are expected')
    expect(counts([a, alone, b])).toEqual([1, 1, 1])
  })

  test.each<[string, Partial<Packet>]>([
    ['traffic class', { tos: 3 }],
    ['hop limit', { ttl: 63 }],
    ...(version === 4 ? ([['DF', { fragment: 0 }]] as [string, Partial<Packet>][]) : []),
  ])('no datagram overtakes one of its flow with another %s', (_, difference) => {
    const packets = [{}, difference, {}, {}].map((one, i) =>
      packetOf({ version, protocol: 'udp', payload: bytes(100, i), ...one }),
    )
    const [first, second, ...batch] = coalesce(packets, all)
    expect([first, second].map((one) => Buffer.from(one?.bytes ?? []))).toEqual(packets.slice(0, 2))
    expect(batch.map(({ header, bytes }) => segment(header, bytes)?.length)).toEqual([2])
  })

  test('65535 bytes are the limit', () => {
    const merged = counts(run({ version }, 60, 1400))
    expect(merged.length).toBeGreaterThan(1)
    expect(merged.reduce((sum, n) => sum + n)).toBe(60)
  })

  test('at most 64 UDP datagrams are merged', () => {
    expect(counts(run({ version, protocol: 'udp' }, 100, 10))).toEqual([64, 36])
  })
})

test('merging can be switched off by protocol', () => {
  expect(counts(run({ protocol: 'udp' }, 3, 10), { tcp: true, udp: false })).toEqual([1, 1, 1])
  expect(counts(run({}, 3, 10), { tcp: false, udp: true })).toEqual([1, 1, 1])
})

test('fragments and IPv4 options are not merged', () => {
  expect(counts(run({ fragment: 0x2000 }, 2, 100))).toEqual([1, 1])
  expect(counts(run({ fragment: 0 }, 2, 100))).toEqual([2])
  const options = run({}, 2, 100).map((p) => {
    const packet = packetOf(p)
    packet[0] = 0x46
    return packet
  })
  expect(coalesce(options, all)).toHaveLength(2)
})

test('UDP without a checksum is not merged', () => {
  const packets = run({ protocol: 'udp' }, 2, 100).map((p) => {
    const packet = packetOf(p)
    packet.writeUInt16BE(0, 26)
    return packet
  })
  expect(coalesce(packets, all)).toHaveLength(2)
})

test('what is merged and cut again is what came, each flow in its order', () => {
  const packet = fc.record({
    version: fc.constantFrom(4 as const, 6 as const),
    protocol: fc.constantFrom('tcp' as const, 'udp' as const),
    sourcePort: fc.constantFrom(1, 2),
    tos: fc.constantFrom(0, 0, 0, 3),
    fragment: fc.constantFrom(0x4000, 0x4000, 0),
    sequence: fc.constantFrom(0, 10, 20, 30),
    flags: fc.constantFrom(0x10, 0x10, 0x18, 0x11),
    payload: fc.tuple(fc.constantFrom(10, 10, 7, 0), fc.nat(255)).map(([n, seed]) => bytes(n, seed)),
    badChecksum: fc.constantFrom(false, false, false, true),
  })
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 40, size: 'max' }), (all40) => {
      const packets = all40.map(packetOf)
      // Segmentation increments IPv4 identifications; in the input they are all 0, so they are reset.
      const normal = (p: Buffer) => {
        if (p[0] !== 0x45) return p.toString('hex')
        p.writeUInt16BE(0, 4)
        p.writeUInt16BE(0, 10)
        return p.toString('hex')
      }
      const out = coalesce(packets, all).flatMap(({ header, bytes }) =>
        header[1] === 0 ? [Buffer.from(bytes)] : (segment(header, bytes) ?? []).map((s) => Buffer.from(s)),
      )
      const arrived = out.map(normal)
      const sent = packets.map((p) => normal(Buffer.from(p)))
      expect([...arrived].sort()).toEqual([...sent].sort())
      const flow = (hex: string): string =>
        hex.startsWith('45')
          ? hex.slice(18, 20) + hex.slice(40, 48)
          : `6${hex.slice(12, 14)}${hex.slice(80, 88)}`
      for (const one of new Set(sent.map(flow)))
        expect(arrived.filter((p) => flow(p) === one)).toEqual(sent.filter((p) => flow(p) === one))
    }),
    { numRuns: 1000 },
  )
})

test('arbitrary bytes are written as they came or merged, never lost', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 40, maxLength: 90, size: 'max' }), { maxLength: 20, size: 'max' }),
      (packets) => {
        for (const packet of packets) packet[0] = (packet[0] ?? 0) & 1 ? 0x45 : 0x60
        expect(coalesce(packets, all).length).toBeLessThanOrEqual(packets.length)
      },
    ),
    { numRuns: 1000 },
  )
  expect(coalesce([virtio({})], all)).toEqual([])
})
