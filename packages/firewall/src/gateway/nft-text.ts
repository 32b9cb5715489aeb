// SPDX-License-Identifier: MIT
import { tableName } from '../table-name.ts'
import type { GatewayWanted } from './wanted.ts'

/** The table of a gateway: masquerading, and the size of TCP segments. What is accepted is in the chains that drop. */
export const gatewayTable = (dev: string): string => `inet ${tableName('wgq-nat-', dev)}`

/** One nft transaction that puts the table in place, instead of an older one of its name. */
export const writeGatewayTable = (dev: string, wanted: GatewayWanted): string => {
  const table = gatewayTable(dev)
  const lines = [
    // Adding first makes the deletion succeed whether there was one or not.
    `add table ${table}`,
    `delete table ${table}`,
    `add table ${table}`,
    ...chainsOf(dev, wanted).flatMap(({ name, hook, rules }) => [
      `add chain ${table} ${name} { ${hook} }`,
      ...rules.map((rule) => `add rule ${table} ${name} ${rule}`),
    ]),
  ]
  return `${lines.join('\n')}\n`
}

/** The transaction that takes the table away, also where there is none. */
export const removeGatewayTable = (dev: string): string => {
  const table = gatewayTable(dev)
  return `add table ${table}\ndelete table ${table}\n`
}

/** Says whether `nft list table` shows what {@link writeGatewayTable} writes: no rule less, none more. */
export const isGatewayTable = (dev: string, wanted: GatewayWanted, listed: string): boolean => {
  const seen = new Map(
    [...listed.matchAll(/^\s*chain (\S+) \{\n([\s\S]*?)^\s*\}$/gm)].map(([, name = '', body = '']) => [
      name,
      body.split('\n').map(normal).filter(Boolean),
    ]),
  )
  const chains = chainsOf(dev, wanted)
  return (
    seen.size === chains.length &&
    chains.every(({ name, hook, rules }) => {
      const lines = [hook, ...rules].map(normal)
      return seen.get(name)?.join('\n') === lines.join('\n')
    })
  )
}

interface Chain {
  readonly name: string
  readonly hook: string
  readonly rules: readonly string[]
}

const chainsOf = (dev: string, { masquerade }: GatewayWanted): Chain[] => {
  const out = masquerade === 'auto' ? `oifname != "${dev}"` : `oifname "${masquerade}"`
  const clamp = 'tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu'
  return [
    ...(masquerade === undefined
      ? []
      : [
          {
            name: 'postrouting',
            hook: 'type nat hook postrouting priority 100; policy accept;',
            rules: [`iifname "${dev}" ${out} masquerade`],
          },
        ]),
    {
      name: 'forward',
      hook: 'type filter hook forward priority -150; policy accept;',
      rules: [`iifname "${dev}" ${clamp}`, `oifname "${dev}" ${clamp}`],
    },
  ]
}

/** What versions of nft spell differently: names of priorities, flags. */
const normal = (line: string): string =>
  line
    .trim()
    .replace('priority srcnat;', 'priority 100;')
    .replace('priority mangle;', 'priority -150;')
    .replace(/tcp flags (?:& \(syn \| rst\) == syn|syn \/ syn,rst)/, 'tcp flags SYN')
