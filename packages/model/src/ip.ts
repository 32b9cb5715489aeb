// SPDX-License-Identifier: MIT

/** IP version. */
export type Family = 4 | 6

/**
 * The bytes of a strict address (inet_pton): dotted quad without leading zeros (4 bytes) or IPv6 without zone and
 * brackets (16 bytes). Undefined for anything else.
 */
export const parseIp = (text: string): Uint8Array | undefined =>
  text.includes(':') ? parseIp6(text) : parseIp4(text)

/** Canonical text of 4 or 16 bytes, as inet_ntop of glibc prints it (RFC 5952, `::ffff:192.0.2.1`, `::192.0.2.1`). */
export const formatIp = (bytes: Uint8Array): string =>
  bytes.length === 4 ? `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}` : formatIp6(bytes)

const parseIp4 = (text: string): Uint8Array | undefined => {
  // Parsed by hand: files and devices have tens of thousands of addresses.
  if (text.length < 7 || text.length > 15) return undefined
  const out = new Uint8Array(4)
  let part = 0
  let value = -1
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit >= 0 && digit <= 9) {
      // Other programs would read a leading zero as octal.
      if (value === 0) return undefined
      value = value < 0 ? digit : value * 10 + digit
      if (value > 255) return undefined
    } else {
      if (digit !== -2 || value < 0 || part === 3) return undefined
      out[part++] = value
      value = -1
    }
  }
  if (part !== 3 || value < 0) return undefined
  out[3] = value
  return out
}

const colon = 58

// Also by hand, in one pass: one verb reads a device of 10,000 peers several times.
const parseIp6 = (text: string): Uint8Array | undefined => {
  const out = new Uint8Array(16)
  const { length } = text
  let filled = 0
  let gap = -1
  let at = 0
  if (text.charCodeAt(0) === colon) {
    if (text.charCodeAt(1) !== colon) return undefined
    gap = 0
    at = 2
  }
  while (at < length) {
    const start = at
    let value = 0
    let digit = 0
    for (; at < length; at++) {
      digit = hexDigit(text.charCodeAt(at))
      if (digit < 0) break
      value = value * 16 + digit
    }
    if (at < length && text.charCodeAt(at) !== colon) {
      // Otherwise only a dotted quad can end an address.
      const quad = filled <= 12 ? parseIp4(text.slice(start)) : undefined
      if (!quad) return undefined
      out.set(quad, filled)
      filled += 4
      break
    }
    if (at === start || at - start > 4 || filled === 16) return undefined
    out[filled++] = value >> 8
    out[filled++] = value & 0xff
    if (at === length) break
    at++
    if (at === length) return undefined
    if (text.charCodeAt(at) === colon) {
      if (gap >= 0) return undefined
      gap = filled
      at++
    }
  }
  if (gap < 0) return filled === 16 ? out : undefined
  if (filled === 16) return undefined
  const tail = 16 - (filled - gap)
  out.copyWithin(tail, gap, filled)
  return out.fill(0, gap, tail)
}

const hexDigit = (code: number): number => {
  if (code >= 48 && code <= 57) return code - 48
  const letter = (code | 32) - 97
  return letter >= 0 && letter <= 5 ? letter + 10 : -1
}

const formatIp6 = (bytes: Uint8Array): string => {
  const word = (i: number): number => ((bytes[i * 2] as number) << 8) | (bytes[i * 2 + 1] as number)
  let bestStart = -1
  let bestLength = 1
  for (let i = 0; i < 8; i++) {
    let end = i
    while (end < 8 && word(end) === 0) end++
    if (end - i > bestLength) {
      bestStart = i
      bestLength = end - i
    }
    if (end > i) i = end
  }
  const hasQuad = bestStart === 0 && (bestLength === 6 || (bestLength === 5 && word(5) === 0xffff))
  if (hasQuad) {
    const quad = `${bytes[12]}.${bytes[13]}.${bytes[14]}.${bytes[15]}`
    return bestLength === 6 ? `::${quad}` : `::ffff:${quad}`
  }
  let text = ''
  for (let i = 0; i < 8; i++) {
    if (i === bestStart) {
      text += '::'
      i += bestLength - 1
    } else text += i === 0 || i === bestStart + bestLength ? word(i).toString(16) : `:${word(i).toString(16)}`
  }
  return text
}
