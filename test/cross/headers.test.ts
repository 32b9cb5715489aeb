// SPDX-License-Identifier: MIT

import { expect, test } from 'vitest'
import { type HeaderFacts, headerTable } from '../../packages/native/src/bsd/header-table.ts'
import { wrongFacts } from '../../scripts/build/headers/read-headers.mjs'
import { whyNoZig } from './zig.ts'

const whyNot = whyNoZig()
if (whyNot) console.log(`skipped: the layouts of the BSDs' headers: ${whyNot}`)

const systems = ['freebsd', 'openbsd', 'netbsd'] as const

/** What the table says of each architecture. */
const all = systems.flatMap((system) =>
  headerTable[system].flatMap(({ architectures, facts }) =>
    architectures.map((architecture): [string, string, HeaderFacts] => [
      system,
      architecture,
      { ...headerTable[system][0]?.facts, ...facts },
    ]),
  ),
)

test.skipIf(whyNot)('the table holds what the compiler asserts, on every architecture', () => {
  const wrong = all.map(([system, architecture, facts]) => [
    `${system} ${architecture}`,
    wrongFacts(system, architecture, facts),
  ])
  expect(wrong.filter(([, names]) => names?.length)).toEqual([])
  const structs = new Set(
    all.flatMap(([system, , facts]) =>
      Object.keys(facts)
        .filter((name) => name.endsWith('.size'))
        .map((name) => `${system} ${name}`),
    ),
  )
  const fields = all.reduce(
    (sum, [, , facts]) => sum + Object.keys(facts).filter((name) => /\.(?!size)/.test(name)).length,
    0,
  )
  console.log(
    `${all.length} systems × architectures, ${structs.size} structures and sizes, ${fields} offsets compared`,
  )
})

test.skipIf(whyNot)('a wrong offset, size or number is caught', () => {
  const [system, architecture, facts] = all.find(([name]) => name === 'openbsd') ?? []
  if (!system || !architecture || !facts) throw new Error('no facts')
  const bent = {
    ...facts,
    'wg_peer_io.p_pka': (facts['wg_peer_io.p_pka'] ?? 0) + 2,
    'wg_aip_io.size': 20,
    SIOCSWG: 1,
  }
  expect(wrongFacts(system, architecture, bent).sort()).toEqual([
    'SIOCSWG',
    'wg_aip_io.size',
    'wg_peer_io.p_pka',
  ])
})
