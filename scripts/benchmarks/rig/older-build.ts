// SPDX-License-Identifier: MIT
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { workspace } from '../../../test/support/workspace.ts'

/** Calls `use` with the `dist` of a commit, built in a temporary folder; WGQ_OLDER=DIST names an existing build. */
export const withOlderBuild = async (
  commit: string,
  use: (dist: string) => void | Promise<void>,
): Promise<void> => {
  const there = process.env['WGQ_OLDER']
  if (there !== undefined) {
    await use(there)
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'wgq-older-'))
  const checkout = join(folder, 'checkout')
  const run = (cwd: string, program: string, ...args: string[]): void => {
    execFileSync(program, args, { cwd, stdio: 'inherit' })
  }
  try {
    run(workspace, 'git', 'worktree', 'add', '--detach', checkout, commit)
    run(checkout, 'sh', 'scripts/setup')
    await use(join(checkout, 'dist'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
    run(workspace, 'git', 'worktree', 'prune')
  }
}
