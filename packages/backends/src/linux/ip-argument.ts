// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'
import { type Family, parseIp } from '@wgq/model/ip'

/** The exit statuses of `ip`: wrong prefix or missing device, refusal by the kernel, wrong value. */
export const ipStatus = { usage: 1, refusal: 2, value: 255 } as const

/** An address as the user wrote it, for `ip -4|-6 address`. */
export interface Prefix {
  readonly address: Uint8Array
  readonly prefixLength: number
}

/**
 * Reads an address as `ip -4|-6 address add` does: `10.5/16` is 10.5.0.0/16, numbers may be octal or hexadecimal, an IPv4
 * mask may be dotted. Raises `E_HOST` with ip's words, exit status 1.
 */
export const readPrefix = (text: string, family: Family): Prefix => {
  const slash = text.indexOf('/')
  const host = slash < 0 ? text : text.slice(0, slash)
  const address = family === 4 ? looseIp4(host) : host.includes(':') ? parseIp(host) : undefined
  const prefixLength = slash < 0 ? (family === 4 ? 32 : 128) : readMask(text.slice(slash + 1), family)
  if (!address || prefixLength === undefined) {
    const expected = family === 4 ? 'inet' : 'inet6'
    throw argumentError(`Error: ${expected} prefix is expected rather than "${text}".`, ipStatus.usage)
  }
  return { address, prefixLength }
}

/** Reads an MTU as `ip link set mtu` does (strtol). Raises `E_HOST` with ip's words, exit status 255. */
export const readMtu = (text: string): number => {
  const value = integer(text)
  // Negative numbers go to the kernel, which has its own message for them.
  if (value === undefined || value < -0x8000_0000 || value > 0x7fff_ffff)
    throw wrongValue(text, 'Invalid "mtu" value')
  return value >>> 0
}

/**
 * Reads a table as `ip route … table` does (a name of rt_tables or a number). Raises `E_HOST` with `complaint`, which
 * differs between routes and rules, exit status 255.
 */
export const readTable = (
  table: number | string,
  names: () => ReadonlyMap<string, number>,
  complaint: string,
): number => {
  if (typeof table === 'number') return table
  const number = names().get(table) ?? integer(table)
  if (number === undefined || number < 0 || number > 0xffff_ffff) throw wrongValue(table, complaint)
  // Table 0 means "unspecified": the kernel then uses main.
  return number === 0 ? 254 : number
}

/** The messages of `ip` about a wrong table of a route, and of a rule. */
export const tableComplaint = { route: '"table" value is invalid', rule: 'invalid table ID' } as const

// `ip` ends this message with an empty line.
const wrongValue = (text: string, complaint: string): WgqError =>
  argumentError(`Error: argument "${text}" is wrong: ${complaint}\n`, ipStatus.value)

const argumentError = (message: string, exitCode: number): WgqError =>
  new WgqError('E_HOST', message, { errno: 'EINVAL', exitCode })

/** One to four numbers below 256; missing ones are zero. */
const looseIp4 = (text: string): Uint8Array | undefined => {
  const parts = text.split('.')
  if (parts.length > 4) return undefined
  const out = new Uint8Array(4)
  for (const [index, part] of parts.entries()) {
    const value = integer(part)
    if (value === undefined || value < 0 || value > 255) return undefined
    out[index] = value
  }
  return out
}

const readMask = (text: string, family: Family): number | undefined => {
  const length = integer(text)
  if (length !== undefined) return length >= 0 && length <= (family === 4 ? 32 : 128) ? length : undefined
  const mask = family === 4 ? parseIp(text) : undefined
  if (mask?.length !== 4) return undefined
  const bits = [...mask].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  return /^1*0*$/.test(bits) ? bits.lastIndexOf('1') + 1 : undefined
}

/** A whole number in C notation: decimal, 0 for octal, 0x for hexadecimal. */
const integer = (text: string): number | undefined => {
  const match = /^\s*([+-]?)(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*))$/.exec(text)
  if (!match) return undefined
  const [, sign, hex, octal, decimal] = match
  const value =
    hex !== undefined ? Number.parseInt(hex, 16) : Number.parseInt(octal ?? decimal ?? '', octal ? 8 : 10)
  return sign === '-' ? -value : value
}
