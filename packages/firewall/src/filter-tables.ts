// SPDX-License-Identifier: MIT
import { existsSync, readFileSync } from 'node:fs'
import type { Family } from '@wgq/model/ip'
import { Exchange } from '@wgq/netlink/exchange'
import { listTables, netlinkNetfilter } from '@wgq/netlink/nftables'
import { openSocket } from '@wgq/netlink/open-socket'

/** The tables of packet filters in the network namespace of this process. */
export interface FilterTables {
  /** Tables of nf_tables, each as `FAMILY NAME`. */
  readonly nft: readonly string[]
  /** Families with iptables tables, legacy ones or tables of nf_tables. */
  readonly iptables: ReadonlySet<Family>
}

/** The tables as the kernel lists them, without running a program; undefined if it cannot list them. */
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

/** The names of iptables' tables, of either kind. */
const iptablesNames = /^ip6? (?:filter|nat|mangle|raw|security)$/

const hasTables = (family: Family, nft: readonly string[]): boolean => {
  const prefix = family === 4 ? 'ip ' : 'ip6 '
  if (nft.some((table) => table.startsWith(prefix) && iptablesNames.test(table))) return true
  const older = `/proc/self/net/${family === 4 ? 'ip' : 'ip6'}_tables_names`
  return existsSync(older) && readFileSync(older, 'latin1') !== ''
}
