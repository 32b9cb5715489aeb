// SPDX-License-Identifier: MIT
import type { Family } from './ip.ts'
import { formatIp, parseIp } from './ip.ts'

/** A numeric UDP destination. `address` has no brackets; `zone` is an interface name or index (link-local IPv6). */
export interface Endpoint {
  readonly family: Family
  readonly address: string
  readonly port: number
  readonly zone?: string
}

/** `192.0.2.1:51820` or `[2001:db8::1%eth0]:51820`. */
export const formatEndpoint = (endpoint: Endpoint): string =>
  endpoint.family === 4
    ? `${endpoint.address}:${endpoint.port}`
    : `[${endpoint.address}${endpoint.zone === undefined ? '' : `%${endpoint.zone}`}]:${endpoint.port}`

/** Reads a numeric endpoint, the IPv6 address in brackets or split off at the last colon. Undefined for names. */
export const parseEndpoint = (text: string): Endpoint | undefined => {
  const match = /^(?:\[([^\]]*)\]|(.*)):([0-9]{1,5})$/.exec(text)
  if (!match) return undefined
  const port = Number(match[3])
  const [host, zone] = splitZone(match[1] ?? match[2] ?? '')
  const bytes = parseIp(host)
  if (!bytes || port > 65535 || (zone !== undefined && (bytes.length === 4 || zone === ''))) return undefined
  const base = { family: bytes.length === 4 ? 4 : 6, address: formatIp(bytes), port } as const
  return zone === undefined ? base : { ...base, zone }
}

const splitZone = (host: string): [string, string | undefined] => {
  const percent = host.indexOf('%')
  return percent < 0 ? [host, undefined] : [host.slice(0, percent), host.slice(percent + 1)]
}
