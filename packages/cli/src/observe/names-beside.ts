// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs'
import { markedLookup } from '@wgq/backends/names/marked-lookup'
import { nameServers } from '@wgq/dns/name-servers'
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
  const servers = nameServers()
  if (servers.length === 0) return undefined
  const answer = await markedLookup(host, { mark, servers })
  if (answer.said === 'nothing') return undefined
  return answer.said === 'addresses' ? answer : { addresses: [] }
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
