// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { compileFlags, headerFlags } from '../../packages/native/toolchain.mjs'
import { workspace } from '../support/workspace.ts'

const sources = join(workspace, 'packages/native/src')

// g++ builds the addon that all other tests use. clang knows less of C++20 in some versions that the README names.
test.skipIf(spawnSync('clang++', ['--version']).status !== 0)(
  'clang++ compiles every source of the addon, without a warning',
  () => {
    const files = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.cc') && !/^(bsd|fixtures)\//.test(name),
    )
    expect(files.length).toBeGreaterThan(50)
    const flags = [...headerFlags(['clang++']), ...compileFlags(['-fsyntax-only', '-Werror'])]
    const done = spawnSync('clang++', [...flags, ...files], { cwd: sources, encoding: 'utf8' })
    expect(done.stderr).toBe('')
    expect(done.status).toBe(0)
  },
)
