// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { workspace } from '../support/workspace.ts'

/** Whether a program is not installed. */
export const missing = (program: string): boolean => spawnSync('which', [program]).status !== 0

/** Who publishes what the tests build. */
const publisher = {
  DEBFULLNAME: 'Tests of wgq',
  DEBEMAIL: 'tests@wgq.example',
  WGQ_HOMEPAGE: 'https://wgq.example',
}

/** Runs `scripts/package` into a new folder and returns the files there. Throws with its output when it fails. */
export const makePackages = (
  words: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Readonly<Record<string, string>> => {
  const out = mkdtempSync(join(tmpdir(), 'wgq-packages-'))
  const done = spawnSync(join(workspace, 'scripts/package'), [`--out=${out}`, ...words], {
    encoding: 'utf8',
    env: { ...process.env, ...publisher, ...env },
  })
  if (done.status !== 0) throw new Error(`scripts/package ${words.join(' ')}: ${done.stdout}${done.stderr}`)
  return Object.fromEntries(readdirSync(out).map((name) => [name, join(out, name)]))
}
