// SPDX-License-Identifier: MIT
import { type Endpoint, parseEndpoint } from '@wgq/model/endpoint'
import { fault, foundValue } from './fault.ts'

/** Host and port of an endpoint as written. */
export interface HostPort {
  readonly host: string
  readonly port: string
}

/** Splits `HOST:PORT` or `[HOST]:PORT` (spec wg §6.6 steps 2 and 3). Raises `E_VALUE`. */
export const splitEndpoint = (value: string): HostPort => {
  if (value === '') throw fault('Unable to parse empty endpoint', 'HOST:PORT is expected, found nothing')
  const bracketed = value.startsWith('[')
  const end = bracketed ? value.indexOf(']') : value.lastIndexOf(':')
  if (bracketed && end < 0) {
    throw fault(
      `Unable to find matching brace of endpoint: \`${value}'`,
      `An endpoint that begins with "[" has a "]" behind its address, found ${foundValue(value)}`,
    )
  }
  const colon = bracketed ? end + 1 : end
  if (colon < 0 || value[colon] !== ':' || colon === value.length - 1) {
    throw fault(
      `Unable to find port of endpoint: \`${value}'`,
      `An endpoint ends in ":PORT", found ${foundValue(value)}`,
      'write HOST:PORT, IPv6 addresses as [ADDRESS]:PORT',
    )
  }
  return { host: bracketed ? value.slice(1, end) : value.slice(0, end), port: value.slice(colon + 1) }
}

/** As {@link splitEndpoint}, without the blanks of the text; undefined if it is no endpoint. */
export const endpointParts = (text: string): HostPort | undefined => {
  try {
    return splitEndpoint(text.replace(/\s+/g, ''))
  } catch {
    return undefined
  }
}

/**
 * Returns the first character of a host that is not valid in a name or address; undefined if all are valid. Names may
 * have letters of other scripts.
 */
export const strangeInHost = (host: string): string | undefined =>
  /^(?:[0-9a-f:.]+%.+)$/i.test(host) ? undefined : /[\0-,/;-@[-^`{-\x7f]/.exec(host)?.[0]

/** Returns the endpoint without a lookup if host and port are plain numbers; zones are left to the resolver. */
export const plainEndpoint = (value: string): Endpoint | undefined => {
  if (value.includes('%')) return undefined
  return parseEndpoint(value)
}
