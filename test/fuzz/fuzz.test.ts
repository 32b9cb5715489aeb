// SPDX-License-Identifier: MIT
// A few seconds of each target: enough to see that it runs and that nothing new is found at once.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { workspace } from '../support/workspace.ts'
import { targets } from './targets.ts'

const fuzz = (target: string, seconds: number) =>
  spawnSync(join(workspace, 'scripts/fuzz'), [target, `${seconds}`], { encoding: 'utf8', maxBuffer: 1 << 26 })

it.each(Object.keys(targets))('%s', (target) => {
  const done = fuzz(target, 4)
  expect(done.status, done.stderr).toBe(0)
  expect(done.stdout).toMatch(/[1-9][0-9]* blocks reached, no finding/)
})

const empty = ['-fsanitize=fuzzer', '-x', 'c++', '/dev/null', '-c', '-o', '/dev/null']
const library =
  spawnSync('sh', ['-c', 'ls /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer*']).status === 0
const clang = library && spawnSync('clang++', empty).status === 0
if (!clang) console.log('fuzzing of the packet path skipped: no clang++ with libFuzzer')

it.skipIf(!clang)('packets, under ASan and UBSan', () => {
  const done = fuzz('packets', 15)
  expect(done.status, done.stderr.slice(-4000)).toBe(0)
  expect(Number(/stat::number_of_executed_units: (\d+)/.exec(done.stderr)?.[1])).toBeGreaterThan(1000)
})
