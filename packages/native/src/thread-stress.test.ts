// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const compiler = ['c++', 'g++', 'clang++'].find((name) => spawnSync(name, ['--version']).status === 0)
if (!compiler) console.log('skipped: threads are not put under stress: no C++ compiler')

describe.skipIf(!compiler).each([
  ['ordered-queue', ['engine/ordered-queue.cc']],
  ['crew', ['noise/crew.cc']],
] as const)('work of the %s by many threads', (name, parts) => {
  const folder = mkdtempSync(join(tmpdir(), 'wgq-stress-'))
  const program = join(folder, 'stress')
  beforeAll(() => {
    const sources = [`fixtures/${name}-stress.cc`, ...parts].map((file) => join(import.meta.dirname, file))
    const flags = ['-std=c++20', '-O1', '-g', '-pthread', `-I${import.meta.dirname}`, '-o', program]
    const build = (...more: string[]) =>
      spawnSync(compiler as string, [...flags, ...more, ...sources], { encoding: 'utf8' })
    // Some systems lack the sanitizer's library.
    if (build('-fsanitize=thread').status === 0 && spawnSync(program, ['1', '1']).status === 0) return
    expect(build().stderr).toBe('')
  }, 60_000)
  afterAll(() => rmSync(folder, { recursive: true }))

  test.each([0, 1, 3])(
    'is done once and without a data race with %i helpers',
    (helpers) => {
      const { status, stdout, stderr } = spawnSync(program, [String(helpers), '50000'], { encoding: 'utf8' })
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' })
    },
    60_000,
  )
})
