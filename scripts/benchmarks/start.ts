// SPDX-License-Identifier: MIT
// Everything about the start, beside the build of an older commit: makes that build in a folder of its own, then runs
// `tunnel-start`, `startup` and `tables`. Arguments: RUNS (9), COMMIT (041db09).
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { workspace } from '../../test/support/workspace.ts'

const [runs = '9', commit = '041db09'] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'wgq-older-'))
const run = (cwd: string, env: NodeJS.ProcessEnv, program: string, ...args: string[]): void => {
  execFileSync(program, args, { cwd, env: { ...process.env, ...env }, stdio: 'inherit' })
}
const older = process.env['WGQ_OLDER'] ?? join(folder, 'checkout/dist')

try {
  if (process.env['WGQ_OLDER'] === undefined) {
    run(workspace, {}, 'git', 'worktree', 'add', '--detach', join(folder, 'checkout'), commit)
    run(join(folder, 'checkout'), {}, 'sh', 'scripts/setup')
  }
  for (const name of ['tunnel-start', 'startup'])
    run(workspace, { WGQ_OLDER: older }, 'sh', 'scripts/bench', name, runs)
  run(workspace, {}, 'sh', 'scripts/bench', 'tables')
} finally {
  rmSync(folder, { recursive: true, force: true })
  run(workspace, {}, 'git', 'worktree', 'prune')
}
