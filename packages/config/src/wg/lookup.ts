// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync } from 'node:fs'
import type { Endpoint } from '@wgq/model/endpoint'
import { errnoText } from '@wgq/model/errno'
import { formatIp, parseIp } from '@wgq/model/ip'

/** A numeric address with its zone. */
export type Address = Omit<Endpoint, 'port'>

/** Why a name has no address: the text of glibc's gai_strerror, and whether a retry is pointless (spec wg §6.7). */
export class LookupFailure {
  readonly text: string
  readonly final: boolean

  constructor(text: string, final: boolean) {
    this.text = text
    this.final = final
  }
}

/** Finds the first address of a host; rejects with {@link LookupFailure}. */
export type Lookup = (host: string) => Promise<Address>

/** EAI_NONAME, EAI_SERVICE. */
export const nameUnknown = new LookupFailure('Name or service not known', true)
export const serviceUnknown = new LookupFailure('Servname not supported for ai_socktype', false)

// libuv numbers of the getaddrinfo errors, the same on every system.
const failures: Record<number, LookupFailure> = {
  [-3001]: new LookupFailure('Temporary failure in name resolution', false),
  [-3004]: new LookupFailure('Non-recoverable failure in name resolution', true),
  [-3005]: new LookupFailure('ai_family not supported', false),
  [-3006]: new LookupFailure('Memory allocation failure', false),
  [-3007]: new LookupFailure('No address associated with hostname', true),
  [-3008]: nameUnknown,
  [-3010]: serviceUnknown,
}

/**
 * The first result of getaddrinfo(3) for datagrams of either family. Numeric addresses with zones are handled here,
 * everything else by the C library through Node. `host` holds one character per byte.
 */
export const systemLookup: Lookup = async (host) => {
  const percent = host.indexOf('%')
  const bytes = parseIp(percent < 0 ? host : host.slice(0, percent))
  if (bytes && percent < 0) return { family: bytes.length === 4 ? 4 : 6, address: formatIp(bytes) }
  if (bytes?.length === 16) return zoned(bytes, host.slice(percent + 1))
  // Node would turn other scripts into punycode; the C library without AI_IDN does not query them at all.
  if (host === '' || /[^\x21-\x7e]/.test(host)) throw nameUnknown
  return new Promise((resolve, reject) => {
    process
      .getBuiltinModule('node:dns')
      .lookup(host, { family: 0, verbatim: true }, (error, address, family) => {
        if (!error) resolve({ family: family === 4 ? 4 : 6, address })
        // Node itself refuses names that are too long or invalid punycode; to the C library these are unknown names.
        else if (error.code === 'EINVAL') reject(nameUnknown)
        else reject(failures[error.errno ?? 0] ?? new LookupFailure(errnoText(error.code ?? 'EIO'), false))
      })
  })
}

/** An interface and its index. */
export interface Zone {
  readonly name: string
  readonly index: number
}

/** The zone of an address as getnameinfo would print it, by glibc's rules; undefined when there is no such zone. */
export const canonicalZone = (
  bytes: Uint8Array,
  text: string,
  zones: readonly Zone[],
): string | undefined => {
  // fe80::/10, ff01::/16 and ff02::/16 take interface names; others numbers only.
  const linkLocal =
    (bytes[0] === 0xfe && ((bytes[1] as number) & 0xc0) === 0x80) ||
    (bytes[0] === 0xff && (((bytes[1] as number) & 0x0f) === 1 || ((bytes[1] as number) & 0x0f) === 2))
  if (linkLocal && zones.some(({ name }) => name === text)) return text
  if (!/^[0-9]+$/.test(text) || Number(text) > 0xffffffff) return undefined
  const index = Number(text)
  return (linkLocal ? zones.find((zone) => zone.index === index)?.name : undefined) ?? String(index)
}

const zoned = (bytes: Uint8Array, text: string): Address => {
  const zone = canonicalZone(bytes, text, systemZones())
  if (zone === undefined) throw nameUnknown
  const address: Address = { family: 6, address: formatIp(bytes) }
  return zone === '0' ? address : { ...address, zone }
}

/**
 * The interfaces of this network namespace from /proc, which follows the process. /sys shows the namespace of its
 * mount, so it is read only for interfaces whose index /proc does not list.
 */
const systemZones = (): Zone[] => {
  const found = new Map<string, number>()
  for (const [file, pattern] of indexLists)
    for (const line of linesOf(file)) {
      const { index, name } = pattern.exec(line)?.groups ?? {}
      if (name !== undefined)
        found.set(name, Number.parseInt(index as string, file.endsWith('if_inet6') ? 16 : 10))
    }
  const names = linesOf('/proc/net/dev').flatMap((line) => /^\s*(\S+):/.exec(line)?.[1] ?? [])
  for (const name of names.length > 0 ? names : folder('/sys/class/net'))
    if (!found.has(name)) for (const zone of zoneOf(name)) found.set(name, zone.index)
  return [...found].map(([name, index]) => ({ name, index }))
}

/** Files of /proc/net that list interfaces with their indices. */
const indexLists: readonly (readonly [string, RegExp])[] = [
  ['/proc/net/if_inet6', /^\S+ (?<index>[0-9a-f]+) \S+ \S+ \S+ +(?<name>\S+)/],
  ['/proc/net/igmp6', /^(?<index>[0-9]+) +(?<name>\S+)/],
  ['/proc/net/dev_mcast', /^(?<index>[0-9]+) +(?<name>\S+)/],
]

const linesOf = (file: string): string[] => {
  try {
    return readFileSync(file, 'latin1').split('\n')
  } catch {
    return []
  }
}

const folder = (path: string): string[] => {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

/** Empty if it is not an interface: `bonding_masters` is listed too, and interfaces may disappear. */
const zoneOf = (name: string): Zone[] => {
  try {
    return [{ name, index: Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'latin1')) }]
  } catch {
    return []
  }
}
