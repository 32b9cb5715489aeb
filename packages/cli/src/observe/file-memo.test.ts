// SPDX-License-Identifier: MIT
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { FileMemo } from './file-memo.ts'

let folder: string
let path: string
let reads: number
let memo: FileMemo<string>
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wgq-memo-'))
  path = join(folder, 'wg0.conf')
})
afterAll(() => rmSync(folder, { recursive: true }))
beforeEach(() => {
  writeFileSync(path, 'one')
  reads = 0
  memo = new FileMemo((asked) => {
    reads++
    return readFileSync(asked, 'utf8')
  })
})

test('a file that stays is read once', () => {
  for (let round = 0; round < 5; round++) expect(memo.get(path)).toBe('one')
  expect(reads).toBe(1)
})

test('another length, another file under the name, and the same length at another time are read again', () => {
  expect(memo.get(path)).toBe('one')
  writeFileSync(path, 'longer')
  expect(memo.get(path)).toBe('longer')
  const { atime, mtime } = statSync(path)
  writeFileSync(`${path}.new`, 'fourth')
  utimesSync(`${path}.new`, atime, mtime)
  renameSync(`${path}.new`, path)
  expect(memo.get(path)).toBe('fourth')
  writeFileSync(path, 'fifth!')
  utimesSync(path, atime, 1)
  expect(memo.get(path)).toBe('fifth!')
  expect(reads).toBe(4)
})

test('what cannot be read is asked for every time, and nothing old stands in for it', () => {
  expect(memo.get(path)).toBe('one')
  rmSync(path)
  expect(() => memo.get(path)).toThrow('ENOENT')
  writeFileSync(path, 'one')
  expect(memo.get(path)).toBe('one')
  expect(reads).toBe(3)
})
