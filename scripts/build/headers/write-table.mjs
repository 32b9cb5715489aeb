// SPDX-License-Identifier: MIT
// scripts/build/headers/write-table.mjs: writes packages/native/src/bsd/header-table.ts from the headers of the BSDs.
// Architectures with the same facts share one entry.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { zigVersion } from '../zig.mjs'
import { targets } from './facts.mjs'
import { readHeaders } from './read-headers.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..')
const file = join(root, 'packages/native/src/bsd/header-table.ts')

const table = Object.fromEntries(
  Object.keys(targets).map((system) => {
    const byFacts = new Map()
    for (const architecture of Object.keys(targets[system])) {
      const facts = readHeaders(system, architecture)
      const key = JSON.stringify(facts)
      byFacts.set(key, { architectures: [...(byFacts.get(key)?.architectures ?? []), architecture], facts })
    }
    const [first, ...others] = [...byFacts.values()]
    // The first entry is amd64's; the others hold only the differences.
    const differences = others.map(({ architectures, facts }) => ({
      architectures,
      facts: Object.fromEntries(Object.entries(facts).filter(([name, value]) => first.facts[name] !== value)),
    }))
    return [system, [first, ...differences]]
  }),
)

writeFileSync(
  file,
  `// SPDX-License-Identifier: MIT
// Written by scripts/build/headers/write-table.mjs from the headers that zig ${zigVersion} carries; not to be changed by hand.

/** Facts by name: \`STRUCT.size\` and \`STRUCT.FIELD\` (its offset) in bytes, constants by their own names. */
export type HeaderFacts = Readonly<Record<string, number>>

/** Each system: the facts of the architectures like amd64, then what is different elsewhere. */
export const headerTable: Readonly<
  Record<
    'freebsd' | 'openbsd' | 'netbsd',
    readonly { readonly architectures: readonly string[]; readonly facts: HeaderFacts }[]
  >
> = ${JSON.stringify(table)}
`,
)
execFileSync('npx', ['biome', 'format', '--write', file], {
  cwd: root,
  stdio: ['ignore', 'ignore', 'inherit'],
})
