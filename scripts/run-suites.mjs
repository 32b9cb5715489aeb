// SPDX-License-Identifier: MIT
// Runs the suites with vitest, several at a time where they allow it, and finally prints the line `N passed (M after a retry),
// N failed, N skipped`, summed. WGQ_MINUTES is the time after which none is begun. WGQ_ORDER sets their order: `reverse`, or a
// seed that shuffles them and their files reproducibly.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
// The long ones come first, so that none runs alone at the end.
const known = [
  'house',
  'timers',
  'unit',
  'netns',
  'features',
  'kernel-vm',
  'compat',
  'nodes',
  'faults',
  'packaging',
  'interop',
  'docs',
  'fuzz',
  'cross',
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
const order = process.env['WGQ_ORDER'] ?? ''
if (!/^(reverse|[0-9]*)$/.test(order)) {
  console.error(`test: WGQ_ORDER is \`reverse\` or a number, found ${JSON.stringify(order)}`)
  process.exit(1)
}
/** Sorts the suites in the requested order; a number is the seed. */
const inOrder = (suites) => {
  if (order === '') return suites
  if (order === 'reverse') return [...suites].reverse()
  const rank = (suite) => createHash('sha256').update(`${order} ${suite}`).digest('hex')
  return [...suites].sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
}
const shuffled = /^[0-9]+$/.test(order) ? ['--sequence.shuffle.files', `--sequence.seed=${order}`] : []

/** Suites that were not begun, because time was over. */
const late = []
const { WGQ_MINUTES: minutes, WGQ_STARTED: startedSeconds = String(Date.now() / 1000) } = process.env
const isLate = () =>
  minutes !== undefined && Date.now() / 1000 > Number(startedSeconds) + 60 * Number(minutes)

const total = { passed: 0, failed: 0, skipped: 0 }
const retried = []

/** Runs one suite and adds up its result. Each line that it prints begins with its name: another suite may run beside it. */
const runSuite = async (suite) => {
  if (isLate()) {
    late.push(suite)
    total.skipped++
    return
  }
  const report = join(root, '.cache', `report-${suite}.json`)
  const retriedList = join(root, '.cache', `retried-${suite}`)
  rmSync(report, { force: true })
  rmSync(retriedList, { force: true })
  const run = spawn(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--project',
      // unit and unit-isolated
      suite === 'unit' ? 'unit*' : suite,
      '--reporter=default',
      '--reporter=json',
      `--reporter=${join(root, 'scripts/retried-tests.mjs')}`,
      `--outputFile.json=${report}`,
      ...shuffled,
    ],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, WGQ_RETRIED_TESTS: retriedList },
    },
  )
  for (const stream of [run.stdout, run.stderr])
    createInterface(stream).on('line', (line) => process.stdout.write(`${suite} | ${line}\n`))
  const [status] = await once(run, 'close')
  const counts = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined
  total.passed += counts?.numPassedTests ?? 0
  total.skipped += (counts?.numPendingTests ?? 0) + (counts?.numTodoTests ?? 0)
  // A run that fails outside a test (a file that does not load, a crash) counts as one more failure.
  const failed = counts?.numFailedTests ?? 0
  total.failed += failed === 0 && status !== 0 ? 1 : failed
  if (existsSync(retriedList)) retried.push(...readFileSync(retriedList, 'utf8').split('\n').filter(Boolean))
}

mkdirSync(join(root, '.cache'), { recursive: true })
const suites = inOrder(asked.length > 0 ? asked : known).filter(has)
// `house` uses every processor by itself, `timers` none: it waits for minutes. Of the others, which wait now and then and use one
// processor, two run at once. If an order was asked for, which must be the same each time, all run one after the other.
const alone = order === '' ? ['house'] : known
for (const suite of suites.filter((suite) => alone.includes(suite))) await runSuite(suite)
const waiting = suites.filter((suite) => suite === 'timers' && !alone.includes(suite))
const busy = suites.filter((suite) => !alone.includes(suite) && !waiting.includes(suite))
await Promise.all(
  [waiting, busy, busy].map(async (lane) => {
    for (let suite = lane.shift(); suite; suite = lane.shift()) await runSuite(suite)
  }),
)
console.log('')
if (late.length > 0) console.log(`not run: ${late.join(', ')}: ${minutes} minutes were over`)
for (const name of retried) console.log(`passed after a retry: ${name}`)
const after = retried.length === 0 ? '' : ` (${retried.length} after a retry)`
console.log(`${total.passed} passed${after}, ${total.failed} failed, ${total.skipped} skipped`)
process.exit(total.failed === 0 ? 0 : 1)
