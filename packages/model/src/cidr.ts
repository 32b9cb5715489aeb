// SPDX-License-Identifier: MIT
import type { Family } from './ip.ts'
import { formatIp, parseIp } from './ip.ts'

/** An address with a prefix length. `address` is canonical text; host bits are kept as written unless masked. */
export interface Cidr {
  readonly family: Family
  readonly address: string
  /** 0 to 32 or 128. */
  readonly prefixLength: number
}

/** Reads `ADDRESS[/LENGTH]`; a missing length is 32 or 128. Undefined when either part is not strict. */
export const parseCidr = (text: string): Cidr | undefined => {
  const slash = text.indexOf('/')
  const bytes = parseIp(slash < 0 ? text : text.slice(0, slash))
  if (!bytes) return undefined
  const family = bytes.length === 4 ? 4 : 6
  const most = bytes.length * 8
  if (slash < 0) return { family, address: formatIp(bytes), prefixLength: most }
  const mask = text.slice(slash + 1)
  if (!/^[0-9]+$/.test(mask) || Number(mask) > most) return undefined
  return { family, address: formatIp(bytes), prefixLength: Number(mask) }
}

/** `ADDRESS/LENGTH`, the length always present. */
export const formatCidr = (cidr: Cidr): string => `${cidr.address}/${cidr.prefixLength}`

/** The same prefix with its host bits cleared. */
export const maskCidr = (cidr: Cidr): Cidr => {
  if (cidr.prefixLength === (cidr.family === 4 ? 32 : 128)) return cidr
  const bytes = parseIp(cidr.address)
  if (!bytes) return cidr
  const masked = maskBytes(bytes, cidr.prefixLength)
  return masked ? { ...cidr, address: formatIp(masked) } : cidr
}

/** Returns whether `outer` contains every address of `inner`. */
export const covers = (outer: Cidr, inner: Cidr): boolean => {
  if (outer.family !== inner.family || outer.prefixLength > inner.prefixLength) return false
  return maskCidr({ ...inner, prefixLength: outer.prefixLength }).address === maskCidr(outer).address
}

/** The masked copy of `bytes`, or undefined when nothing had to be cleared. */
const maskBytes = (bytes: Uint8Array, prefixLength: number): Uint8Array | undefined => {
  let changed = false
  const out = new Uint8Array(bytes)
  for (let i = 0; i < out.length; i++) {
    const keep = Math.max(0, Math.min(8, prefixLength - i * 8))
    const byte = (out[i] as number) & ((0xff00 >> keep) & 0xff)
    if (byte !== out[i]) changed = true
    out[i] = byte
  }
  return changed ? out : undefined
}
