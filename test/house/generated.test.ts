// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { generatedFiles } from '../../packages/cli/src/generate/files.ts'
import { testedTable, withTested } from '../../scripts/verification/tested.ts'

const root = join(import.meta.dirname, '../..')
const missing = (program: string) => spawnSync(program, ['--version']).error !== undefined

describe('what follows from the command table is up to date', () => {
  test.each([...generatedFiles()])('%s', (path, text) => {
    expect(
      readFileSync(join(root, path), 'utf8'),
      'run: node scripts/build/run-ts.mjs scripts/build/generate.ts',
    ).toBe(text)
  })
})

test("the README's table of what is tested is up to date", () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  expect(readme, 'run: node scripts/build/run-ts.mjs scripts/build/generate.ts').toContain(testedTable())
  expect(withTested(readme)).toBe(readme)
})

describe.skipIf(missing('groff'))('manual pages render without warnings (needs groff)', () => {
  test.each(readdirSync(join(root, 'docs/man')))('%s', (page) => {
    const done = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-z', join(root, 'docs/man', page)], {
      encoding: 'utf8',
    })
    expect(done.stderr).toBe('')
    expect(done.status).toBe(0)
  })
})
