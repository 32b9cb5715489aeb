// SPDX-License-Identifier: MIT
import { type Cidr, formatCidr, maskCidr } from '@wgq/model/cidr'
import type { Tunnel } from './tunnel.ts'

/** A route of a BSD's boot file. */
interface BootRoute {
  readonly flag: '-inet' | '-inet6'
  readonly family: 4 | 6
  readonly dst: string
}

/**
 * The routes that wg-quick would add, longest prefix first. Routes that an address creates by itself are left out, and
 * a default route is split into two halves. Empty with `Table = off`.
 */
export const bootRoutes = (tunnel: Tunnel): BootRoute[] => {
  if (tunnel.table === 'off') return []
  const networks = new Set(tunnel.addresses.map((address) => formatCidr(maskCidr(address))))
  const lengths = [...new Set(tunnel.addresses.map(({ prefixLength }) => prefixLength))]
  const isCovered = (cidr: Cidr): boolean =>
    lengths.some(
      (prefixLength) =>
        prefixLength <= cidr.prefixLength && networks.has(formatCidr(maskCidr({ ...cidr, prefixLength }))),
    )
  return tunnel.peers
    .flatMap(({ allowedIps }) => allowedIps)
    .filter((cidr) => !isCovered(cidr))
    .sort((a, b) => b.prefixLength - a.prefixLength)
    .flatMap(halves)
    .map((cidr) => ({
      flag: cidr.family === 4 ? '-inet' : '-inet6',
      family: cidr.family,
      dst: formatCidr(cidr),
    }))
}

const halves = (cidr: Cidr): Cidr[] => {
  if (cidr.prefixLength > 0) return [cidr]
  const { family } = cidr
  return (family === 4 ? ['0.0.0.0', '128.0.0.0'] : ['::', '8000::']).map((address) => ({
    family,
    address,
    prefixLength: 1,
  }))
}

/** Sentences about settings that boot files of the BSDs cannot hold. */
export const bootLosses = (tunnel: Tunnel): string[] => [
  ...tunnel.dnsSearch
    .filter((domain) => domain.startsWith('~'))
    .map(
      (domain) => `DNS ${domain}: resolvconf has no routing domains, all names are asked for in the tunnel`,
    ),
  ...(bootRoutes(tunnel).some(({ dst }) => dst.endsWith('/1'))
    ? ['the routes to the endpoints that a full tunnel needs: add them by hand, or use wgq up']
    : []),
]

/** A name that needs no quoting in any shell, at most `mostBytes` long; undefined if no character remains. */
export const plainName = (name: string | undefined, mostBytes: number): string | undefined =>
  name
    ?.replace(/[^A-Za-z0-9 _.@-]/g, '')
    .slice(0, mostBytes)
    .trim() || undefined

/**
 * The number of the routing table. Adds a sentence to `lost` if it has a name, which BSDs do not support, or is above
 * `most`.
 */
export const tableNumber = (tunnel: Tunnel, most: number, lost: string[]): string | undefined => {
  const { table } = tunnel
  if (table === undefined || /^(?:off|main|254)$/.test(table) || bootRoutes(tunnel).length === 0)
    return undefined
  if (/^[0-9]+$/.test(table) && Number(table) <= most) return table
  const reason = most === 0 ? 'NetBSD has one table' : `tables have numbers up to ${most} here`
  lost.push(`Table = ${table}: ${reason}`)
  return undefined
}

/** The search domains for resolv.conf. */
export const searchDomains = ({ dnsSearch }: Tunnel): string[] =>
  dnsSearch.filter((domain) => !domain.startsWith('~'))

/** The name if it has the form wgN, else wg0; OpenBSD and NetBSD support no other form. */
export const wgNumbered = (name: string): string => (/^wg(?:0|[1-9][0-9]*)$/.test(name) ? name : 'wg0')
