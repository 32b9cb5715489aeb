// SPDX-License-Identifier: MIT
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { allowedIp } from './fixtures/packets.ts'
import { createAllowedIpsTable } from './testing.ts'

const owner = (table: ReturnType<typeof createAllowedIpsTable>, address: readonly number[]) =>
  Buffer.from(table.lookup(address.length === 4 ? 4 : 16, Uint8Array.from(address))).readUInt32LE(0)

const v6 = (...head: number[]) => [...head, ...Array(16 - head.length).fill(0)]

test('the most specific prefix wins, in both families', () => {
  const table = createAllowedIpsTable()
  table.update(
    Buffer.concat([
      allowedIp('add', 1, [0, 0, 0, 0], 0),
      allowedIp('add', 2, [10, 0, 0, 0], 8),
      allowedIp('add', 3, [10, 1, 2, 3], 32),
      allowedIp('add', 4, [10, 1, 2, 99], 24),
      allowedIp('add', 5, v6(), 0),
      allowedIp('add', 6, v6(0xfd), 8),
      allowedIp('add', 7, v6(0xfd, 1), 127),
    ]),
  )
  expect(owner(table, [11, 0, 0, 1])).toBe(1)
  expect(owner(table, [10, 9, 9, 9])).toBe(2)
  expect(owner(table, [10, 1, 2, 3])).toBe(3)
  expect(owner(table, [10, 1, 2, 4])).toBe(4)
  expect(owner(table, v6(1))).toBe(5)
  expect(owner(table, v6(0xfd, 2))).toBe(6)
  expect(owner(table, [0xfd, 1, ...Array(13).fill(0), 1])).toBe(7)
  expect(owner(table, [0xfd, 1, ...Array(13).fill(0), 2])).toBe(6)
})

test('an empty table knows nobody', () => {
  expect(owner(createAllowedIpsTable(), [1, 2, 3, 4])).toBe(0)
})

test('the last owner of a prefix has it; a removal takes it only from its owner', () => {
  const table = createAllowedIpsTable()
  const ip = [10, 0, 0, 1]
  table.update(Buffer.concat([allowedIp('add', 1, ip, 32), allowedIp('add', 2, ip, 32)]))
  expect(owner(table, ip)).toBe(2)
  table.update(allowedIp('remove', 1, ip, 32))
  expect(owner(table, ip)).toBe(2)
  table.update(Buffer.concat([allowedIp('remove', 2, ip, 32), allowedIp('add', 2, ip, 32)]))
  expect(owner(table, ip)).toBe(2)
  table.update(Buffer.concat([allowedIp('add', 2, ip, 32), allowedIp('remove', 2, ip, 32)]))
  expect(owner(table, ip)).toBe(0)
})

test('a malformed record changes nothing', () => {
  const table = createAllowedIpsTable()
  const bad = allowedIp('add', 1, [10, 0, 0, 2], 33)
  expect(() => table.update(Buffer.concat([allowedIp('add', 1, [10, 0, 0, 1], 32), bad]))).toThrow(TypeError)
  expect(() => table.update(Buffer.alloc(23))).toThrow(TypeError)
  expect(() => table.update(allowedIp('add', 0, [10, 0, 0, 1], 32))).toThrow(TypeError)
  expect(owner(table, [10, 0, 0, 1])).toBe(0)
})

test('128 nested prefixes are taken and removed in both orders', () => {
  for (const descending of [false, true]) {
    const table = createAllowedIpsTable()
    const ones = Array(16).fill(0xff)
    const lengths = Array.from({ length: 129 }, (_, i) => i)
    table.update(Buffer.concat(lengths.map((length) => allowedIp('add', length + 1, ones, length))))
    expect(owner(table, ones)).toBe(129)
    const order = descending ? lengths.toReversed() : lengths
    for (const [i, length] of order.entries()) {
      table.update(allowedIp('remove', length + 1, ones, length))
      expect(owner(table, ones)).toBe(i === 128 ? 0 : descending ? 128 - i : 129)
    }
  }
})

// The oracle: a linear list.
class NaiveList {
  private entries: { bits: bigint; length: number; peer: number }[] = []
  private readonly width: number
  constructor(width: number) {
    this.width = width
  }
  private mask(bits: bigint, length: number) {
    const shift = BigInt(this.width - length)
    return (bits >> shift) << shift
  }
  remove(bits: bigint, length: number, peer: number) {
    const masked = this.mask(bits, length)
    this.entries = this.entries.filter(
      (e) => e.length !== length || e.bits !== masked || (peer && e.peer !== peer),
    )
  }
  add(bits: bigint, length: number, peer: number) {
    this.remove(bits, length, 0)
    this.entries.push({ bits: this.mask(bits, length), length, peer })
    this.entries.sort((a, b) => b.length - a.length)
  }
  removePeer(peer: number) {
    this.entries = this.entries.filter((e) => e.peer !== peer)
  }
  lookup(bits: bigint) {
    return this.entries.find((e) => this.mask(bits, e.length) === e.bits)?.peer ?? 0
  }
}

const toBytes = (bits: bigint, width: number) => {
  const bytes = Buffer.alloc(width / 8)
  for (let i = 0; i < bytes.length; i++) bytes[bytes.length - 1 - i] = Number((bits >> BigInt(8 * i)) & 0xffn)
  return bytes
}

const change = (width: number) =>
  fc.record({
    kind: fc.constantFrom('add', 'add', 'add', 'remove', 'removePeer'),
    // Few distinct bits, so that prefixes nest and collide.
    bits: fc.array(fc.constantFrom(0n, 1n, 0x80n, 0xffn), { minLength: width / 8, maxLength: width / 8 }),
    length: fc.nat({ max: width }),
    peer: fc.integer({ min: 1, max: 12 }),
  })

test.each([32, 128] as const)('a million lookups agree with a linear list (%i bits)', (width) => {
  const runs = 60
  const lookups = Math.ceil(500_000 / runs)
  fc.assert(
    fc.property(
      fc.array(change(width), { minLength: 1, maxLength: 60, size: 'max' }),
      fc.nat(),
      (changes, seed) => {
        const table = createAllowedIpsTable()
        const naive = new NaiveList(width)
        for (const c of changes) {
          const bits = c.bits.reduce<bigint>((all, byte) => (all << 8n) | byte, 0n)
          if (c.kind === 'removePeer') {
            table.removePeer(c.peer)
            naive.removePeer(c.peer)
          } else if (c.kind === 'add') {
            table.update(allowedIp('add', c.peer, toBytes(bits, width), c.length))
            naive.add(bits, c.length, c.peer)
          } else {
            table.update(allowedIp('remove', c.peer, toBytes(bits, width), c.length))
            naive.remove(bits, c.length, c.peer)
          }
        }
        // Each address is looked up many times natively and once in the list.
        const distinct = 40
        const values = [0n, 1n, 0x80n, 0xffn]
        let state = BigInt(seed) + 1n
        const addresses = Array.from({ length: distinct }, () => {
          let bits = 0n
          for (let i = 0; i < width / 8; i++) {
            state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn
            bits = (bits << 8n) | (values[Number(state >> 62n)] ?? 0n)
          }
          return bits
        })
        const block = Buffer.concat(addresses.map((bits) => toBytes(bits, width)))
        const expected = Buffer.alloc(distinct * 4)
        for (const [i, bits] of addresses.entries()) expected.writeUInt32LE(naive.lookup(bits), 4 * i)
        for (let done = 0; done < lookups; done += distinct) {
          if (!expected.equals(table.lookup(width === 32 ? 4 : 16, block))) return false
        }
        return true
      },
    ),
    { numRuns: runs },
  )
})
