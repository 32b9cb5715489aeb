// SPDX-License-Identifier: MIT

import type { AsideState } from '../state.ts'
import { tableName } from '../table-name.ts'

/** The table of the marks of an interface's exceptions. */
export const asideTable = (dev: string): string => `inet ${tableName('wgq-aside-', dev)}`

const chainsOf = (dev: string, { mark, allow }: AsideState): ReadonlyMap<string, readonly string[]> => {
  const set = `ct mark set ${mark}`
  const restore = `ct mark ${mark} meta mark set ${mark}`
  const users = allow.flatMap((token) => /^uid (\d+)$/.exec(token)?.[1] ?? [])
  return new Map([
    [
      'prerouting',
      [
        'type filter hook prerouting priority -150; policy accept;',
        'iifname "lo" return',
        `iifname "${dev}" return`,
        ...(allow.includes('replies') ? [`ct state new fib daddr type local ${set}`] : []),
        restore,
      ],
    ],
    [
      'output',
      [
        // Of this type: a packet whose mark changes looks for its way again.
        'type route hook output priority -150; policy accept;',
        ...users.map((user) => `meta skuid ${user} ct state new ${set}`),
        restore,
      ],
    ],
  ])
}

/** One nft transaction that puts the marks in place of an older version of themselves. */
export const writeAside = (dev: string, state: AsideState): string => {
  const table = asideTable(dev)
  const lines = [`add table ${table}`, `delete table ${table}`, `add table ${table}`]
  for (const [chain, [hook = '', ...rules]] of chainsOf(dev, state)) {
    lines.push(`add chain ${table} ${chain} { ${hook} }`)
    lines.push(...rules.map((rule) => `add rule ${table} ${chain} ${rule}`))
  }
  return `${lines.join('\n')}\n`
}

/** The transaction that takes them away, also where there are none. */
export const removeAside = (dev: string): string =>
  `add table ${asideTable(dev)}\ndelete table ${asideTable(dev)}\n`

/** Reads `nft list table`; undefined where it is not what {@link writeAside} writes. */
export const readAsideTable = (dev: string, listed: string): AsideState | undefined => {
  const lines = listed.split('\n').map(normal)
  const mark = Number(/^ct mark (\d+) meta mark set/m.exec(lines.join('\n'))?.[1] ?? 0)
  const users = lines.flatMap((line) => /^meta skuid (\d+) /.exec(line)?.[1] ?? [])
  const allow = [
    ...users.map((user) => `uid ${user}`),
    ...(lines.some((line) => line.includes('fib daddr type local')) ? ['replies'] : []),
  ]
  const state = { mark, allow }
  const wanted = [...chainsOf(dev, state)].flatMap(([chain, rules]) => [`chain ${chain} {`, ...rules, '}'])
  const seen = lines.filter(Boolean).slice(1, -1)
  return seen.length === wanted.length && seen.every((line, index) => line === wanted[index])
    ? state
    : undefined
}

/** What versions of nft spell differently: names of priorities, marks in hexadecimal. */
const normal = (line: string): string =>
  line
    .trim()
    .replace('priority mangle;', 'priority -150;')
    .replace(/mark (set )?0x([0-9a-f]+)/g, (_, set = '', hex: string) => `mark ${set}${Number(`0x${hex}`)}`)
