// SPDX-License-Identifier: MIT
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { childRunner } from './child.ts'
import { findProgram, searchPath } from './search-path.ts'

const usual = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

test.each([
  [undefined, false, usual],
  ['', false, usual],
  ['.', false, usual],
  ['/opt/bin', false, '/opt/bin'],
  [':/opt/bin::bin:.', false, '/opt/bin'],
  ['/opt/bin:/usr/bin', true, '/opt/bin:/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin:/bin'],
])('of %j, complete %j: %s', (path, complete, expected) => {
  expect(searchPath(path, complete)).toBe(expected)
})

describe('the current folder', () => {
  let directory: string
  const before = process.cwd()
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wgq-path-'))
    writeFileSync(join(directory, 'planted'), '#!/bin/sh\nexit 42\n')
    chmodSync(join(directory, 'planted'), 0o755)
    process.chdir(directory)
  })
  afterEach(() => {
    process.chdir(before)
    rmSync(directory, { recursive: true })
  })

  test.each([undefined, '', ':', '.', '/opt/none:'])('is not looked in, PATH %j', async (path) => {
    expect(findProgram(path)('planted')).toBeUndefined()
    expect(await childRunner({ PATH: path }, directory)('planted', [])).toMatchObject({ status: 127 })
  })

  test('a program that is named by a path is taken as it is', async () => {
    expect(findProgram(undefined)('./planted')).toBe('./planted')
    expect(await childRunner({}, directory)('./planted', [])).toMatchObject({ status: 42 })
  })

  test('a child knows itself by the name that it was called with', async () => {
    const done = childRunner({}, directory)('sh', ['-c', 'echo "$0 $PATH"'], { capture: true })
    expect((await done).stdout).toBe(`sh ${usual}\n`)
  })
})
