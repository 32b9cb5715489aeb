// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const run = (command: string, ...args: string[]) =>
  spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 })
const tracked = run('git', 'ls-files').stdout.split('\n').filter(Boolean)
const isText = (file: string) => !/fixtures\/|pnpm-lock|\.(png|svg|node|bin)$/.test(file)

describe('the house is tidy', () => {
  test('TypeScript is strict and clean', () => {
    const done = run('node_modules/.bin/tsc', '--noEmit', '-p', '.')
    expect(done.stdout + done.stderr).toBe('')
  })

  test('Biome has nothing to say', () => {
    const done = run('node_modules/.bin/biome', 'check', '--max-diagnostics=20', '.')
    expect(done.status, done.stdout + done.stderr).toBe(0)
  })

  test.skipIf(run('shellcheck', '--version').status !== 0)('shellcheck has nothing to say', () => {
    const scripts = tracked.filter((file) =>
      /^#!\/(bin\/sh|usr\/bin\/env (ba)?sh|bin\/bash)/.test(firstLine(file)),
    )
    const done = run('shellcheck', '-x', ...scripts)
    expect(done.status, done.stdout).toBe(0)
  })

  test('every source names its licence', () => {
    const without = tracked.filter(
      (file) =>
        /\.(ts|mjs|cc|h|hpp)$/.test(file) &&
        isText(file) &&
        !readFileSync(join(root, file), 'utf8').slice(0, 200).includes('SPDX-License-Identifier: MIT'),
    )
    expect(without).toEqual([])
  })

  test('no path of a build machine and no registry host is in the repository', () => {
    const suspicious = /\/(work|farm)\/[a-z]|https?:\/\/[^ ]*(registry|mirror)[^ ]*/
    const found = tracked
      .filter((file) => isText(file) && file !== 'test/house/tidy.test.ts')
      .filter((file) => suspicious.test(readFileSync(join(root, file), 'utf8')))
    expect(found).toEqual([])
  })
})

const firstLine = (file: string): string =>
  readFileSync(join(root, file), 'latin1').slice(0, 80).split('\n', 1)[0] ?? ''
