// SPDX-License-Identifier: MIT
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { headerValid, packetOf, sum16, transportValid, virtio } from './fixtures/packets.ts'
import { completeChecksum, segment } from './testing.ts'

const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff)
const fin = 1
const psh = 8
const ack = 0x10
const cwr = 0x80

describe.each([4, 6] as const)('IPv%i', (version) => {
  const start = version === 4 ? 20 : 40

  test('a TCP super-packet is cut into valid segments', () => {
    const payload = bytes(3500)
    const options = Buffer.from('0101080a00000001000000020101', 'hex').subarray(0, 12)
    const packet = packetOf({
      version,
      payload,
      options,
      sequence: 0xfffffc00,
      flags: ack | psh | fin | cwr,
      identification: 0xffff,
    })
    const header = virtio({ type: version === 4 ? 1 : 4, size: 1000, start, offset: 16 })
    const segments = (segment(header, packet) ?? []).map((s) => Buffer.from(s))
    const head = start + 32
    expect(segments.map((s) => s.length - head)).toEqual([1000, 1000, 1000, 500])
    expect(Buffer.concat(segments.map((s) => s.subarray(head)))).toEqual(Buffer.from(payload))
    for (const [i, s] of segments.entries()) {
      expect(transportValid(s, start, 6)).toBe(true)
      expect(s.readUInt32BE(start + 4)).toBe((0xfffffc00 + 1000 * i) >>> 0)
      const last = i === 3
      expect(s[start + 13]).toBe(ack | (last ? psh | fin : 0) | (i === 0 ? cwr : 0))
      if (version === 4) {
        expect(headerValid(s)).toBe(true)
        expect(s.readUInt16BE(2)).toBe(s.length)
        expect(s.readUInt16BE(4)).toBe((0xffff + i) & 0xffff)
      } else {
        expect(s.readUInt16BE(4)).toBe(s.length - 40)
      }
    }
  })

  test('a UDP super-packet is cut into valid datagrams', () => {
    const payload = bytes(2500)
    const packet = packetOf({ version, protocol: 'udp', payload })
    const segments = segment(virtio({ type: 5, size: 1200, start, offset: 6 }), packet) ?? []
    expect(segments.map((s) => s.length - start - 8)).toEqual([1200, 1200, 100])
    for (const s of segments) {
      expect(Buffer.from(s).readUInt16BE(start + 4)).toBe(s.length - start)
      expect(transportValid(Buffer.from(s), start, 17)).toBe(true)
    }
  })

  test('a segment size of one byte more or less than the payload', () => {
    const packet = packetOf({ version, payload: bytes(100) })
    const type = version === 4 ? 1 : 4
    const counts = [99, 100, 101].map(
      (size) => segment(virtio({ type, size, start, offset: 16 }), packet)?.length,
    )
    expect(counts).toEqual([2, 1, 1])
  })

  test('more segments than one send takes are all there', () => {
    const payload = bytes(60_001)
    const packet = packetOf({
      version,
      payload,
      sequence: 0xffff0000,
      identification: 0xff00,
      flags: ack | psh,
    })
    const type = version === 4 ? 1 : 4
    const segments = segment(virtio({ type, size: 48, start, offset: 16 }), packet) ?? []
    expect(segments).toHaveLength(1251)
    for (const [i, cut] of segments.map((s) => Buffer.from(s)).entries()) {
      const whole = packetOf({
        version,
        payload: payload.subarray(48 * i, 48 * (i + 1)),
        sequence: (0xffff0000 + 48 * i) >>> 0,
        identification: (0xff00 + i) & 0xffff,
        flags: i === 1250 ? ack | psh : ack,
      })
      expect(cut).toEqual(whole)
    }
  })

  test.each([0, 1, 699, 700])('datagrams of 700 bytes with a tail of %i', (tail) => {
    const payload = bytes(3 * 700 + tail)
    const packet = packetOf({ version, protocol: 'udp', payload, identification: 7 })
    const segments = segment(virtio({ type: 5, size: 700, start, offset: 6 }), packet) ?? []
    expect(segments.map((s) => Buffer.from(s))).toEqual(
      Array.from({ length: tail ? 4 : 3 }, (_, i) =>
        packetOf({
          ...{ version, protocol: 'udp', identification: 7 + i },
          payload: payload.subarray(700 * i, 700 * (i + 1)),
        }),
      ),
    )
  })

  test('a UDP checksum that comes to zero is written as all ones, a TCP one as it is', () => {
    for (const [protocol, number, offset] of [
      ['udp', 17, 6],
      ['tcp', 6, 16],
    ] as const) {
      // The last two bytes of the first segment bring its ones' complement sum to zero.
      const head = start + (protocol === 'udp' ? 8 : 20)
      const payload = Buffer.from(bytes(150))
      const type = protocol === 'udp' ? 5 : version === 4 ? 1 : 4
      const header = virtio({ type, size: 100, start, offset })
      const cut = () => Buffer.from(segment(header, packetOf({ version, protocol, payload }))?.[0] ?? [])
      payload.writeUInt16BE(0, 98)
      payload.writeUInt16BE(cut().readUInt16BE(start + offset), 98)
      const first = cut()
      expect(first).toHaveLength(head + 100)
      expect(first.readUInt16BE(start + offset)).toBe(protocol === 'udp' ? 0xffff : 0)
      expect(transportValid(first, start, number)).toBe(true)
      // The same datagram alone, with its checksum left to the device.
      const unfinished = Buffer.from(first)
      const addresses = version === 4 ? first.subarray(12, 20) : first.subarray(8, 40)
      unfinished.writeUInt16BE(sum16(addresses, number + first.length - start), start + offset)
      expect(Buffer.from(completeChecksum(virtio({ start, offset }), unfinished) ?? [])).toEqual(first)
    }
  })

  test('a checksum left to the device is finished', () => {
    const packet = packetOf({ version, protocol: 'udp', payload: bytes(333) })
    const addresses = version === 4 ? packet.subarray(12, 20) : packet.subarray(8, 40)
    const unfinished = Buffer.from(packet)
    unfinished.writeUInt16BE(sum16(addresses, 17 + packet.length - start), start + 6)
    expect(transportValid(unfinished, start, 17)).toBe(false)
    const finished = completeChecksum(virtio({ start, offset: 6 }), unfinished)
    expect(Buffer.from(finished ?? [])).toEqual(packet)
  })
})

describe('contradictions are refused', () => {
  const packet = packetOf({ payload: bytes(100) })
  const good = { type: 1, size: 50, start: 20, offset: 16 }
  test.each([
    ['an unknown type', { ...good, type: 2 }],
    ['a size of zero', { ...good, size: 0 }],
    ['a v6 type on a v4 packet', { ...good, type: 4 }],
    ['a UDP type on a TCP packet', { ...good, type: 5, offset: 6 }],
    ['the wrong place of the checksum', { ...good, offset: 6 }],
    ['a header length that is not that of the packet', { ...good, start: 24 }],
    ['a transport behind the end', { ...good, start: 5000 }],
  ])('%s', (_, header) => {
    expect(segment(virtio(good), packet)).toHaveLength(2)
    expect(segment(virtio(header), packet)).toBeUndefined()
  })

  test('a data offset behind the end or before the header', () => {
    for (const offset of [0, 4, 15]) {
      const changed = packetOf({ payload: bytes(10) })
      changed[32] = offset << 4
      expect(segment(virtio({ ...good, size: 5 }), changed)).toBeUndefined()
    }
  })

  test('a checksum outside of the packet', () => {
    expect(completeChecksum(virtio({ start: 115, offset: 25 }), packet)).toBeUndefined()
    expect(
      completeChecksum(virtio({ start: 0, offset: 0 }), packet),
      'inside of the IP header',
    ).toBeUndefined()
    expect(completeChecksum(virtio({ start: 0xffff, offset: 0xffff }), packet)).toBeUndefined()
  })
})

test('arbitrary headers and packets are cut or refused, never more', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 10, maxLength: 10, size: 'max' }),
      fc.uint8Array({ maxLength: 300, size: 'max' }),
      fc.constantFrom(0x45, 0x60, 0x4f, 0),
      fc.constantFrom(1, 4, 5),
      fc.constantFrom(20, 40),
      (header, packet, version, type, start) => {
        if (packet.length > 12) {
          packet[0] = version
          packet[9] = 6
        }
        segment(header, packet)
        completeChecksum(header, packet)
        const likely = virtio({ type, size: (header[4] ?? 0) + 1, start, offset: type === 5 ? 6 : 16 })
        for (const s of segment(likely, packet) ?? []) if (s.length > packet.length) return false
        return true
      },
    ),
    { numRuns: 2000 },
  )
})
