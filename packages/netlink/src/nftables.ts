// SPDX-License-Identifier: MIT
import type { Exchange } from './exchange.ts'
import { attributesOf, type Message } from './message-reader.ts'

/** NETLINK_NETFILTER: third argument of socket(2). */
export const netlinkNetfilter = 12

/** NFNL_SUBSYS_NFTABLES in the upper byte, NFT_MSG_GETTABLE. */
const getTable = (10 << 8) | 1
/** Bytes of `struct nfgenmsg`: family, version, a resource in two bytes. */
const netfilterHeaderBytes = 4
const tableName = 1
/** NFPROTO_ numbers, as nft spells them. */
const families: Record<number, string> = { 1: 'inet', 2: 'ip', 3: 'arp', 5: 'netdev', 7: 'bridge', 10: 'ip6' }

/** The tables of nf_tables, `FAMILY NAME` each. Raises {@link Refusal} where the kernel has no nf_tables. */
export const listTables = async (exchange: Exchange): Promise<string[]> => {
  const tables: string[] = []
  await exchange.dump(getTable, 0, (writer) => writer.u32(0), {
    read: (message) => tables.push(tableOf(message)),
    restart: () => tables.splice(0),
  })
  return tables
}

const tableOf = (message: Message): string => {
  const family = message.view.getUint8(message.start)
  const cursor = attributesOf(message, netfilterHeaderBytes)
  while (cursor.next()) if (cursor.type === tableName) return `${families[family] ?? family} ${cursor.text()}`
  return ''
}
