// SPDX-License-Identifier: MIT
import type { FirewallInput } from '../state.ts'
import { tableName } from '../table-name.ts'

/** The table of an interface; other tools and upstream's `down` look for this name. */
export const nftTable = (dev: string): string => tableName('wg-quick-', dev)

/** wg-quick's nft batch for one family, byte for byte (spec wg-quick §6.5). */
export const writeNft = ({ dev, family, mark, addresses }: FirewallInput): string => {
  const ip = family === 4 ? 'ip' : 'ip6'
  const table = `${ip} ${nftTable(dev)}`
  const lines = [
    `add table ${table}`,
    `add chain ${table} preraw { type filter hook prerouting priority -300; }`,
    `add chain ${table} premangle { type filter hook prerouting priority -150; }`,
    `add chain ${table} postmangle { type filter hook postrouting priority -150; }`,
    ...addresses.map(
      (address) =>
        `add rule ${table} preraw iifname != "${dev}" ${ip} daddr ${address} fib saddr type != local drop`,
    ),
    `add rule ${table} postmangle meta l4proto udp mark ${mark} ct mark set mark `,
    `add rule ${table} premangle meta l4proto udp meta mark set ct mark `,
  ]
  return `${lines.join('\n')}\n`
}

/** The batch that removes an interface's tables among `tables` (`FAMILY NAME`); undefined if there are none. */
export const nftRemoval = (dev: string, tables: readonly string[]): string | undefined => {
  const own = tables.filter((table) => table.endsWith(` ${nftTable(dev)}`))
  return own.length === 0 ? undefined : own.map((table) => `delete table ${table}\n`).join('')
}
