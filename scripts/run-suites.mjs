// SPDX-License-Identifier: MIT
// Runs the suites one after the other with vitest and ends with the line `N passed, N failed, N skipped`, summed.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const known = [
  'house',
  'unit',
  'compat',
  'netns',
  'features',
  'packaging',
  'docs',
  'interop',
  'faults',
  'kernel-vm',
  'cross',
  'nodes',
  'fuzz',
]
const asked = process.argv.slice(2)
const unknown = asked.filter((suite) => !known.includes(suite))
if (unknown.length > 0) {
  console.error(`test: no suite named ${unknown.join(', ')}; there are: ${known.join(' ')}`)
  process.exit(1)
}

const has = (suite) =>
  suite === 'unit' ||
  (existsSync(join(root, 'test', suite)) && readdirSync(join(root, 'test', suite)).length > 0)
const total = { passed: 0, failed: 0, skipped: 0 }
mkdirSync(join(root, '.cache'), { recursive: true })
for (const suite of (asked.length > 0 ? asked : known).filter(has)) {
  const report = join(root, '.cache', `report-${suite}.json`)
  rmSync(report, { force: true })
  console.log(`\n== ${suite}`)
  const run = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--project',
      suite,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
  )
  const counts = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined
  total.passed += counts?.numPassedTests ?? 0
  total.skipped += (counts?.numPendingTests ?? 0) + (counts?.numTodoTests ?? 0)
  // A run that fails outside of a test (a file that does not load, a crash) is one failure more.
  const failed = counts?.numFailedTests ?? 0
  total.failed += failed === 0 && run.status !== 0 ? 1 : failed
}
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exit(total.failed === 0 ? 0 : 1)
