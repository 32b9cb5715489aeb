// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs'

/** Reads a port: a number or a UDP service name; undefined for anything else. */
export type PortReader = (text: string) => number | undefined

/** Looks a UDP service up by name or alias. */
type ServiceTable = (name: string) => number | undefined

/**
 * A port as getaddrinfo of glibc reads it, for the names `wg` and `wg-quick`: white space and a sign in front, and numbers
 * above 65535 wrap silently (spec wg §6.1). A negative result is taken for a name.
 */
export const glibcPort =
  (services: ServiceTable = systemServices): PortReader =>
  (text) => {
    const match = /^[\t-\r ]*([+-]?)([0-9]+)$/.exec(text)
    if (!match) return services(text)
    const most = (1n << 64n) - 1n
    const written = (match[2] as string).replace(/^0+(?=.)/, '')
    // Parsing millions of digits takes more than linear time.
    const digits = written.length > 20 ? most + 1n : BigInt(written)
    const long = digits > most ? most : match[1] === '-' ? -digits : digits
    const int = BigInt.asIntN(32, long)
    return int < 0n ? services(text) : Number(int & 0xffffn)
  }

/** A port as `wgq` reads it: 0 to 65535, never wrapped. */
export const strictPort =
  (services: ServiceTable = systemServices): PortReader =>
  (text) => {
    if (!/^[0-9]+$/.test(text)) return services(text)
    return Number(text) <= 65535 ? Number(text) : undefined
  }

/** Entries of services(5) for UDP, names and aliases, the first of a name winning. */
export const parseServices = (text: string): Map<string, number> => {
  const ports = new Map<string, number>()
  for (const line of text.split('\n')) {
    const [name, port, ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/)
    const match = /^([0-9]+)\/udp$/.exec(port ?? '')
    if (!match) continue
    for (const word of [name as string, ...aliases]) if (!ports.has(word)) ports.set(word, Number(match[1]))
  }
  return ports
}

// For systems without /etc/services: names that are plausible as the port of a tunnel.
const wellKnown: Record<string, number> = {
  domain: 53,
  bootps: 67,
  tftp: 69,
  ntp: 123,
  snmp: 161,
  https: 443,
  isakmp: 500,
  syslog: 514,
  openvpn: 1194,
  l2f: 1701,
  'ipsec-nat-t': 4500,
}

let loaded: Map<string, number> | undefined

const systemServices: ServiceTable = (name) => {
  if (!loaded) {
    try {
      loaded = parseServices(readFileSync('/etc/services', 'utf8'))
    } catch {
      loaded = new Map(Object.entries(wellKnown))
    }
  }
  return loaded.get(name)
}
