// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commands } from '../../packages/cli/src/command-table.ts'
import { workspace } from '../support/workspace.ts'

const summaries = commands.map(({ summary }) => summary)
const has = (bundle: string, text: string) =>
  readFileSync(join(workspace, 'dist/lib', `${bundle}.cjs`), 'utf8').includes(text)

test.each(['wgq', 'genkey', 'pubkey', 'show', 'showconf', 'set', 'setconf', 'strip'])(
  'what scripts call often does not read the texts of all verbs: %s.cjs',
  (bundle) => {
    expect(summaries.filter((text) => has(bundle, text))).toEqual([])
    expect(summaries.filter((text) => !has('usage', text))).toEqual([])
  },
)
