// SPDX-License-Identifier: MIT
import { existsSync, readFileSync } from 'node:fs'
import type { Family } from '@wgq/model/ip'
import { Exchange } from '@wgq/netlink/exchange'
import { listTables, netlinkNetfilter } from '@wgq/netlink/nftables'
import { openSocket } from '@wgq/netlink/open-socket'

/** Which tables packet filters have in the network namespace of this process. */
export interface FilterTables {
  /** Those of nf_tables, `FAMILY NAME` each. */
  readonly nft: readonly string[]
  /** Families in which iptables has tables, of its older kind or as tables of nf_tables. */
  readonly iptables: ReadonlySet<Family>
}

/** The tables as the kernel lists them, without a program; undefined where it does not say. */
export const readFilterTables = async (): Promise<FilterTables | undefined> => {
  try {
    const exchange = new Exchange(openSocket({ protocol: netlinkNetfilter }))
    try {
      const nft = await listTables(exchange)
      return { nft, iptables: new Set(([4, 6] as const).filter((family) => hasTables(family, nft))) }
    } finally {
      exchange.close()
    }
  } catch {
    return undefined
  }
}

/** The names that iptables gives its tables, of either kind. */
const iptablesNames = /^ip6? (?:filter|nat|mangle|raw|security)$/

const hasTables = (family: Family, nft: readonly string[]): boolean => {
  const prefix = family === 4 ? 'ip ' : 'ip6 '
  if (nft.some((table) => table.startsWith(prefix) && iptablesNames.test(table))) return true
  const older = `/proc/self/net/${family === 4 ? 'ip' : 'ip6'}_tables_names`
  return existsSync(older) && readFileSync(older, 'latin1') !== ''
}
