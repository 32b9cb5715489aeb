// SPDX-License-Identifier: MIT
import { parseIp } from '@wgq/model/ip'
import { readOriginal } from './file.ts'
import type { DnsTools } from './tools.ts'

/** The second lists the servers that systemd-resolved asks; the first names only its address on loopback. */
const files = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf']

/** The name servers that this machine uses without its tunnels. */
interface OwnNameServers {
  /** Addresses outside of this machine; a link-local one has its zone: `fe80::1%eth0`. */
  readonly outside: readonly string[]
  /** Loopback addresses: a resolver on this machine, or that of a container engine. */
  readonly local: readonly string[]
  /** Domains in which single words are looked up. */
  readonly search: readonly string[]
}

/** Reads the name servers that this machine uses without its tunnels. */
export const ownNameServers = ({ filesUnder = '' }: Pick<DnsTools, 'filesUnder'> = {}): OwnNameServers => {
  const texts = files.map((path) => readOriginal(filesUnder + path) ?? '')
  const servers = texts.flatMap((text) =>
    [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, server]) => server as string),
  )
  const usable = [...new Set(servers)].filter((server) => parseIp(withoutZone(server)))
  // The last line with either keyword counts (resolv.conf(5)).
  const [search = []] = texts.flatMap((text) => {
    const last = [...text.matchAll(/^\s*(?:search|domain)\s+(.*)/gm)].at(-1)?.[1]
    return last === undefined ? [] : [last.trim().split(/\s+/)]
  })
  return {
    outside: usable.filter((server) => !isLoopback(server)),
    local: usable.filter(isLoopback),
    search: search.filter((domain) => domain !== '.'),
  }
}

/** Addresses of the name servers that this machine uses without its tunnels, without zones; skips loopback addresses. */
export const nameServers = (tools: Pick<DnsTools, 'filesUnder'> = {}): string[] => [
  ...new Set(ownNameServers(tools).outside.map(withoutZone)),
]

const withoutZone = (server: string): string => server.replace(/%.*/, '')

const isLoopback = (server: string): boolean => /^(127\.|::1$)/.test(server)
