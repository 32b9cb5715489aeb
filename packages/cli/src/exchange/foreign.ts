// SPDX-License-Identifier: MIT
import { type Cidr, parseCidr } from '@wgq/model/cidr'
import { type Position, WgqError } from '@wgq/model/error'
import { parseIp } from '@wgq/model/ip'
import { isKey, type Key } from '@wgq/model/key'
import { hasControls, shown } from '@wgq/model/shown'
import type { TunnelEndpoint } from './tunnel.ts'

/** A value of another program's file and its position. None of it is printed before it has been parsed into a type. */
export interface Foreign {
  readonly text: string
  readonly at: Position
}

/** `E_IMPORT` with the position; shortens the value and hides it if it may be a key. */
export const refusal = (value: Foreign, expected: string, hint?: string): WgqError => {
  const found = value.text.length > 80 ? `${value.text.length} characters` : `"${shown(value.text)}"`
  return new WgqError('E_IMPORT', `${expected} is expected here, found ${found}`, {
    at: value.at,
    ...(hint === undefined ? {} : { hint }),
  })
}

/** Reads an address with its prefix length; `bareLengths` are this program's lengths for an address without one. */
export const readAddress = (value: Foreign, bareLengths?: Record<4 | 6, number>): Cidr => {
  const cidr = parseCidr(value.text)
  if (!cidr) throw refusal(value, 'An IPv4 or IPv6 address with its prefix length')
  if (bareLengths === undefined || value.text.includes('/')) return cidr
  return { ...cidr, prefixLength: bareLengths[cidr.family] }
}

/** Reads an integer from `least` to `most`, decimal, or hexadecimal after `0x`. */
export const readNumber = (value: Foreign, least: number, most: number): number => {
  const number = /^(?:[0-9]+|0x[0-9a-fA-F]+)$/.test(value.text) ? Number(value.text) : Number.NaN
  if (number >= least && number <= most) return number
  throw refusal(value, `A number from ${least} to ${most}`)
}

/** Reads a base64 key. */
export const readForeignKey = (value: Foreign): Key => {
  if (isKey(value.text)) return value.text
  const message = `A key of 44 base64 characters is expected here, found ${value.text.length} characters`
  throw new WgqError('E_IMPORT', message, { at: value.at })
}

/** Reads an interface name as Linux allows it: 1 to 15 letters, digits and `_ = + . -`. */
export const readInterfaceName = (value: Foreign): string => {
  if (isInterfaceName(value.text)) return value.text
  throw refusal(value, 'The name of an interface, 1 to 15 letters, digits and _ = + . -,')
}

/** Whether both wg-quick and Linux accept a text as an interface name. */
export const isInterfaceName = (text: string): boolean =>
  /^[a-zA-Z0-9_=+.-]{1,15}$/.test(text) && !/^\.{1,2}$/.test(text)

/** Reads `HOST:PORT`; an IPv6 address may have brackets or none. */
export const readEndpoint = (value: Foreign): TunnelEndpoint => {
  const match = /^(?:\[([^\]]*)\]|(.*)):([0-9]{1,5})$/.exec(value.text)
  const host = match?.[1] ?? match?.[2] ?? ''
  const port = Number(match?.[3])
  if (isHost(host) && port >= 0 && port <= 65535) return { host, port }
  throw refusal(value, 'HOST:PORT')
}

/** Whether a text is an address, an IPv6 address with its zone, or a DNS name. */
export const isHost = (text: string): boolean =>
  isServer(text) || /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})$/.test(text)

/** Reads the address of a name server; IPv6 may have a zone. */
export const readServer = (value: Foreign): string => {
  if (isServer(value.text)) return value.text
  throw refusal(value, 'The address of a name server')
}

/** Domains that have an effect: wg-quick ignores them if there is no name server. */
export const searchedDomains = (
  servers: readonly string[],
  domains: readonly string[],
  lost: string[],
): readonly string[] => {
  if (servers.length > 0 || domains.length === 0) return domains
  lost.push(`search domains ${domains.join(' ')}: without a name server they have no effect`)
  return []
}

/** Whether a word is the address of a name server; IPv6 may have a zone. */
export const isServer = (text: string): boolean => {
  const percent = text.indexOf('%')
  if (percent < 0) return parseIp(text) !== undefined
  return parseIp(text.slice(0, percent))?.length === 16 && isInterfaceName(text.slice(percent + 1))
}

/** Reads a domain; a leading `~` means that only its names are resolved with these servers. */
export const readDomain = (value: Foreign): string => {
  if (isDomain(value.text)) return value.text
  throw refusal(value, 'A domain')
}

/** Whether a word can be a search domain or a routing domain. Digits alone would be parsed as a name server. */
export const isDomain = (text: string): boolean =>
  /^~?[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})$/.test(text) && !/^[0-9.]+$/.test(text)

/** Reads the absolute path of a file. */
export const readPath = (value: Foreign): string => {
  if (value.text.startsWith('/') && !hasControls(value.text)) return value.text
  throw refusal(value, 'An absolute path')
}

/** Raises `E_IMPORT` for a value with control characters, which could not be on one line of any output. */
export const refuseControls = (value: Foreign): void => {
  if (!hasControls(value.text.replaceAll('\t', ' '))) return
  throw new WgqError('E_IMPORT', 'A value without control characters is expected here', {
    at: value.at,
    hint: 'such a value would make a line of its own in the configuration: look at who wrote the file',
  })
}

/** Raises `E_IMPORT` for a line that is no part of such a file; a reader that skips it would misread what follows. */
export const refuseLine = (at: Position): never => {
  throw new WgqError(
    'E_IMPORT',
    'A line [SECTION], KEY=VALUE below a section, or # COMMENT is expected here',
    {
      at,
      hint: 'correct the line, or put "#" in front; a comment has a line of its own',
    },
  )
}
