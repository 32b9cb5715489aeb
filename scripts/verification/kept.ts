// SPDX-License-Identifier: MIT
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { workspace } from '../../test/support/workspace.ts'
import { type Row, withTables } from '../benchmarks/rig/tables.ts'
import { writeTested } from './tested.ts'

const page = join(workspace, 'docs/packaging.md')
const fileOf = (name: string): string => join(workspace, 'docs/measurements', `${name}.json`)
const rowsOf = (name: string): Row[] =>
  existsSync(fileOf(name)) ? JSON.parse(readFileSync(fileOf(name), 'utf8')).rows : []

/** Stores new rows in docs/measurements/NAME.json, replacing old ones, and updates the pages that show them. */
export const keepRows = (name: string, fresh: readonly Row[], replaced: (row: Row) => boolean): void => {
  const rows = [...rowsOf(name).filter((row) => !replaced(row)), ...fresh]
  writeFileSync(fileOf(name), `${JSON.stringify({ rows }, undefined, 1)}\n`)
  writeFileSync(page, withTables(readFileSync(page, 'utf8'), rowsOf))
  writeTested()
}
