// SPDX-License-Identifier: MIT
import type { Cidr } from './cidr.ts'
import type { Family } from './ip.ts'
import { formatIp, parseIp } from './ip.ts'

/**
 * Returns the fewest prefixes that cover the addresses of `from` without those of `without`: IPv4 first, then by
 * address.
 */
export const subtractPrefixes = (from: readonly Cidr[], without: readonly Cidr[]): Cidr[] =>
  ([4, 6] as const).flatMap((family) =>
    cut(ranges(from, family), ranges(without, family)).flatMap((range) => cover(range, family)),
  )

/** Addresses as numbers, both ends included. */
interface Range {
  readonly first: bigint
  readonly last: bigint
}

const bits = (family: Family): number => (family === 4 ? 32 : 128)

/** The addresses of one family as ranges that neither touch nor overlap, in order. */
const ranges = (prefixes: readonly Cidr[], family: Family): Range[] => {
  const sorted = prefixes
    .filter((prefix) => prefix.family === family)
    .map(rangeOf)
    .sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))
  const out: Range[] = []
  for (const range of sorted) {
    const before = out.at(-1)
    if (!before || range.first > before.last + 1n) out.push(range)
    else if (range.last > before.last) out[out.length - 1] = { first: before.first, last: range.last }
  }
  return out
}

const rangeOf = ({ family, address, prefixLength }: Cidr): Range => {
  let number = 0n
  for (const byte of parseIp(address) ?? []) number = (number << 8n) | BigInt(byte)
  const size = 1n << BigInt(bits(family) - prefixLength)
  const first = number - (number % size)
  return { first, last: first + size - 1n }
}

/** Subtracts `without` from `from`; both sorted, in one pass. */
const cut = (from: readonly Range[], without: readonly Range[]): Range[] => {
  const out: Range[] = []
  let next = 0
  for (const { first, last } of from) {
    let start = first
    while (next < without.length && (without[next] as Range).last < start) next++
    for (let at = next; at < without.length && (without[at] as Range).first <= last; at++) {
      const hole = without[at] as Range
      if (hole.first > start) out.push({ first: start, last: hole.first - 1n })
      start = hole.last + 1n
    }
    if (start <= last) out.push({ first: start, last })
  }
  return out
}

/** Splits a range into prefixes: each is the largest that starts at the first address left and fits. */
const cover = ({ first, last }: Range, family: Family): Cidr[] => {
  const out: Cidr[] = []
  const most = bits(family)
  for (let start = first; start <= last; ) {
    let hostBits = 0
    while (hostBits < most) {
      const size = 1n << BigInt(hostBits + 1)
      if (start % size !== 0n || start + size - 1n > last) break
      hostBits++
    }
    out.push({ family, address: addressOf(start, family), prefixLength: most - hostBits })
    start += 1n << BigInt(hostBits)
  }
  return out
}

const addressOf = (number: bigint, family: Family): string => {
  const bytes = new Uint8Array(bits(family) / 8)
  for (let at = bytes.length - 1, rest = number; at >= 0; at--, rest >>= 8n) bytes[at] = Number(rest & 255n)
  return formatIp(bytes)
}
