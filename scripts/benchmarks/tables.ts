// SPDX-License-Identifier: MIT
// Publishes the latest results: copies bench-results/NAME.json to docs/measurements and rewrites the tables of
// docs/performance.md. Benchmarks without a new result keep their tables. No arguments.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { workspace } from '../../test/support/workspace.ts'
import { measuredNames, withTables } from './rig/tables.ts'

const page = join(workspace, 'docs/performance.md')
const kept = join(workspace, 'docs/measurements')
const text = readFileSync(page, 'utf8')
mkdirSync(kept, { recursive: true })
for (const name of measuredNames(text)) {
  const fresh = join(workspace, 'bench-results', `${name}.json`)
  if (existsSync(fresh)) copyFileSync(fresh, join(kept, `${name}.json`))
  else console.error(`bench: ${name} was not measured here; its table stays`)
}
const rowsOf = (name: string) => JSON.parse(readFileSync(join(kept, `${name}.json`), 'utf8')).rows
writeFileSync(page, withTables(text, rowsOf))
