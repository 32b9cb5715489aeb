// SPDX-License-Identifier: MIT
// All benchmarks of the start, compared with an older commit: builds it in a temporary folder, then runs
// `tunnel-start`, `startup` and `tables`. Arguments: RUNS (9), COMMIT (041db09).
import { execFileSync } from 'node:child_process'
import { workspace } from '../../test/support/workspace.ts'
import { withOlderBuild } from './rig/older-build.ts'

const [runs = '9', commit = '041db09'] = process.argv.slice(2)
const bench = (env: NodeJS.ProcessEnv, ...args: string[]): void => {
  execFileSync('sh', ['scripts/bench', ...args], {
    cwd: workspace,
    env: { ...process.env, ...env },
    stdio: 'inherit',
  })
}

await withOlderBuild(commit, (older) => {
  for (const name of ['tunnel-start', 'startup']) bench({ WGQ_OLDER: older }, name, runs)
  bench({}, 'tables')
})
