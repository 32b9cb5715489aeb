// SPDX-License-Identifier: MIT
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { measuredNames, withTables } from '../../scripts/benchmarks/rig/tables.ts'
import { workspace } from '../support/workspace.ts'

const kept = join(workspace, 'docs/measurements')
const pages = ['performance', 'packaging'].map((name) =>
  readFileSync(join(workspace, `docs/${name}.md`), 'utf8'),
)

test('every table of measured figures shows what was kept, and everything kept is shown', () => {
  expect(pages.flatMap(measuredNames).toSorted()).toEqual(
    readdirSync(kept)
      .map((file) => file.replace(/\.json$/, ''))
      .toSorted(),
  )
  const rowsOf = (name: string) => JSON.parse(readFileSync(join(kept, `${name}.json`), 'utf8')).rows
  for (const page of pages) expect(page).toBe(withTables(page, rowsOf))
})
