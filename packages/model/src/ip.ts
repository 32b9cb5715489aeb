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
  // Read by hand: files and devices have ten thousands of them.
  if (text.length < 7 || text.length > 15) return undefined
  const out = new Uint8Array(4)
  let part = 0
  let value = -1
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit >= 0 && digit <= 9) {
      // A zero in front would be octal elsewhere.
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

const parseIp6 = (text: string): Uint8Array | undefined => {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = groups(halves[0] as string, halves.length === 1)
  const tail = halves.length === 2 ? groups(halves[1] as string, true) : []
  if (!head || !tail) return undefined
  const missing = 8 - head.length - tail.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  const out = new Uint8Array(16)
  const all = [...head, ...new Array<number>(halves.length === 2 ? missing : 0).fill(0), ...tail]
  for (let i = 0; i < 8; i++) {
    out[i * 2] = (all[i] as number) >> 8
    out[i * 2 + 1] = (all[i] as number) & 0xff
  }
  return out
}

/** 16-bit groups of one side of `::`; a dotted quad may stand last where the side ends the address. */
const groups = (text: string, endsAddress: boolean): number[] | undefined => {
  if (text === '') return []
  const out: number[] = []
  const parts = text.split(':')
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as string
    if (part.includes('.')) {
      const quad = endsAddress && i === parts.length - 1 ? parseIp4(part) : undefined
      if (!quad) return undefined
      out.push(
        ((quad[0] as number) << 8) | (quad[1] as number),
        ((quad[2] as number) << 8) | (quad[3] as number),
      )
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined
      out.push(Number.parseInt(part, 16))
    }
  }
  return out.length <= 8 ? out : undefined
}

const formatIp6 = (bytes: Uint8Array): string => {
  const words: number[] = []
  for (let i = 0; i < 8; i++) words.push(((bytes[i * 2] as number) << 8) | (bytes[i * 2 + 1] as number))
  let bestStart = -1
  let bestLength = 1
  for (let i = 0; i < 8; i++) {
    let end = i
    while (end < 8 && words[end] === 0) end++
    if (end - i > bestLength) {
      bestStart = i
      bestLength = end - i
    }
    if (end > i) i = end
  }
  const quad = `${bytes[12]}.${bytes[13]}.${bytes[14]}.${bytes[15]}`
  if (bestStart === 0 && bestLength === 6) return `::${quad}`
  if (bestStart === 0 && bestLength === 5 && words[5] === 0xffff) return `::ffff:${quad}`
  const hex = words.map((word) => word.toString(16))
  if (bestStart < 0) return hex.join(':')
  return `${hex.slice(0, bestStart).join(':')}::${hex.slice(bestStart + bestLength).join(':')}`
}
