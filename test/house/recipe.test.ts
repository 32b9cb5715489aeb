// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

// "Add a verb" of CONTRIBUTING.md, done in a copy of the sources: a row, a module, regenerated, bundled.

const root = join(import.meta.dirname, '../..')
const copy = mkdtempSync(join(tmpdir(), 'wgq-recipe-'))
const rows = 'packages/cli/src/command-rows/inspect.ts'

const row = `  {
    verb: 'greet',
    personalities: ['wgq'],
    group: 'inspect',
    summary: 'Print a greeting',
    usage: '<name> [--loud]',
    operands: [{ name: 'name', kind: 'text', summary: 'whom to greet' }],
    options: [{ name: 'loud', summary: 'in capital letters' }],
    examples: [{ command: 'wgq greet Ada', summary: 'a friendly line' }],
  },
`
const handler = `// SPDX-License-Identifier: MIT
import type { Handler } from '../command.ts'
import { parseArguments } from '../options.ts'
import { writeOut } from '../output.ts'

/** wgq greet NAME [--loud]: prints one line. */
export const run: Handler = async (invocation) => {
  const { operands, flags } = await parseArguments(invocation)
  const line = \`Hello \${operands[0]}\`
  writeOut(\`\${flags.has('loud') ? line.toUpperCase() : line}\\n\`)
  return 0
}
`

const node = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8' })
  return { status, stdout, stderr }
}
const wgq = (...args: string[]) => node('dist/lib/wgq.cjs', 'wgq', ...args)

beforeAll(() => {
  const native = join(root, 'packages/native/build')
  const copied = [
    ...['packages', 'scripts', 'package.json', 'pnpm-workspace.yaml', 'README.md', 'docs/man'],
    ...['docs/measurements', 'packaging/completions', 'test/support/workspace.ts'],
  ]
  for (const name of copied)
    cpSync(join(root, name), join(copy, name), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => source !== native,
    })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  const text = readFileSync(join(copy, rows), 'utf8')
  const start = /^export const inspectCommands: readonly Command\[\] = \[\n/m
  expect(text).toMatch(start)
  writeFileSync(
    join(copy, rows),
    text.replace(start, (line) => line + row),
  )
  writeFileSync(join(copy, 'packages/cli/src/verbs/greet.ts'), handler)
  for (const script of [
    ['scripts/build/run-ts.mjs', 'scripts/build/generate.ts'],
    ['scripts/build/bundle.mjs'],
  ])
    expect(node(...script)).toMatchObject({ status: 0, stderr: '' })
})
afterAll(() => rmSync(copy, { recursive: true, force: true }))

test('the verb runs, with its options and its errors', () => {
  expect(wgq('greet', 'Ada', '--loud')).toEqual({ status: 0, stdout: 'HELLO ADA\n', stderr: '' })
  expect(wgq('greet')).toMatchObject({ status: 1, stderr: expect.stringContaining('<name> is missing') })
  expect(wgq('greet', 'Ada', '--lout').stderr).toContain('did you mean --loud?')
})

test('help, manual page and completions know it from its row', () => {
  expect(wgq('help').stdout).toMatch(/^ +greet +Print a greeting/m)
  expect(wgq('greet', '--help').stdout).toContain('in capital letters')
  for (const file of ['docs/man/wgq.8', 'packaging/completions/wgq.bash', 'packaging/completions/_wgq'])
    expect(readFileSync(join(copy, file), 'utf8'), file).toContain('greet')
})

test('CONTRIBUTING.md says the same', () => {
  const page = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')
  for (const text of [
    'packages/cli/src/command-rows',
    'packages/cli/src/verbs/VERB.ts',
    'export const run: Handler',
  ])
    expect(page).toContain(text)
  expect(page).toContain('node scripts/build/run-ts.mjs scripts/build/generate.ts')
})
