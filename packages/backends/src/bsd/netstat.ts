// SPDX-License-Identifier: MIT
import { type Cidr, parseCidr } from '@wgq/model/cidr'
import type { Route } from '@wgq/model/host'
import { type Family, parseIp } from '@wgq/model/ip'

/**
 * Reads `netstat -nr -f inet|inet6` of the three systems by its column titles, because the columns differ by system and
 * release (spec bsd §5.1). Rows that are not prefixes (`link#1`, hosts of the ARP table with a MAC) are skipped.
 */
export const parseNetstat = (text: string, family: Family, table: number): Route[] => {
  const routes: Route[] = []
  let titles: string[] | undefined
  for (const line of text.split('\n')) {
    const fields = line.trim().split(/\s+/)
    if (fields[0] === 'Destination') {
      titles = fields.map((title) => title.toLowerCase())
      continue
    }
    if (!titles || fields.length < 3) continue
    const dst = destination(fields[0] as string, family)
    if (!dst) continue
    const gateway = fields[titles.indexOf('gateway')]
    const dev = fields[deviceColumn(titles)]
    const mtu = Number(fields[titles.indexOf('mtu')])
    routes.push({
      family,
      dst,
      table,
      ...(dev === undefined ? {} : { dev }),
      ...(isAddress(gateway) ? { gateway } : {}),
      ...(mtu > 0 ? { mtu } : {}),
    })
  }
  return routes
}

/** An address, maybe with a zone; not `link#1` and not the MAC address of a neighbour. */
const isAddress = (gateway: string | undefined): gateway is string =>
  gateway !== undefined && parseIp(gateway.replace(/%\S+$/, '')) !== undefined

const deviceColumn = (titles: readonly string[]): number =>
  titles.findIndex((title) => title === 'netif' || title === 'iface' || title === 'interface')

/** `default`, `10.0.0.0/24`, the shortened `10/8` and `10.0.0/24`, `192.0.2.1`, `fe80::%lo0/64`. */
const destination = (text: string, family: Family): Cidr | undefined => {
  if (text === 'default') return { family, address: family === 4 ? '0.0.0.0' : '::', prefixLength: 0 }
  const [address = '', length] = text.replace(/%[^/]*/, '').split('/')
  const full = family === 4 ? address.split('.').concat('0', '0', '0').slice(0, 4).join('.') : address
  const cidr = parseCidr(length === undefined ? full : `${full}/${length}`)
  return cidr?.family === family ? cidr : undefined
}
