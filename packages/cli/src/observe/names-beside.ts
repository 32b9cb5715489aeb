// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs'
import { markedLookup } from '@wgq/backends/names/marked-lookup'
import { ownNameServers } from '@wgq/dns/name-servers'
import { parseIp } from '@wgq/model/ip'

/** The addresses of a name, and their TTL if known. */
export interface NamedAddresses {
  readonly addresses: readonly string[]
  readonly ttlSeconds?: number
}

/**
 * Resolves a name outside of a tunnel that may cover the route to the name servers: from /etc/hosts, then with marked
 * packets from the servers that the machine uses without tunnels. Undefined if no server answers; without addresses if
 * the name does not exist. Raises `E_NO_ADDON`, nothing else.
 */
export const addressesBeside = async (host: string, mark: number): Promise<NamedAddresses | undefined> => {
  const noted = inHostsFile(host)
  if (noted.length > 0) return { addresses: noted }
  const { outside, local, search } = ownNameServers()
  // A resolver on this machine may ask through the tunnel; that of a container engine asks outside.
  const servers = outside.length > 0 ? outside : local
  if (servers.length === 0) return undefined
  // The system's resolver completes a single word in the same way (resolv.conf(5), ndots:1).
  const names = host.includes('.') ? [host] : [...search.map((domain) => `${host}.${domain}`), host]
  for (const name of names) {
    const answer = await markedLookup(name, { mark, servers })
    if (answer.said === 'nothing') return undefined
    if (answer.said === 'addresses') return answer
  }
  return { addresses: [] }
}

const inHostsFile = (host: string): string[] => {
  try {
    return readFileSync('/etc/hosts', 'latin1')
      .split('\n')
      .flatMap((line) => {
        const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
        const isIt = names.some((name) => name.toLowerCase() === host.toLowerCase())
        return isIt && parseIp(address) ? [address] : []
      })
  } catch {
    return []
  }
}
