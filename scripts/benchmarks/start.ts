// SPDX-License-Identifier: MIT
// Everything about the start, beside the build of an older commit: makes that build in a folder of its own, then runs
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
