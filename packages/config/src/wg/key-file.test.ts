// SPDX-License-Identifier: MIT
import { execFileSync, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zeroKey } from '@wgq/model/key'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readAll, readKeyFile, readKeyText } from './key-file.ts'

const key = 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo='
let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wgq-key-file-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const fileWith = (content: string): string => {
  const path = join(folder, 'key')
  writeFileSync(path, content)
  return path
}

test('a key, with white space behind it', () => {
  expect(readKeyFile(fileWith(key))).toBe(key)
  expect(readKeyFile(fileWith(`${key} \t\r\n\v\f\n`))).toBe(key)
})

test('an empty file and /dev/null mean no key', () => {
  expect(readKeyFile(fileWith(''))).toBe(zeroKey)
  expect(readKeyFile('/dev/null')).toBe(zeroKey)
})

test.each([
  [key.slice(0, 43), 'Invalid length key in key file'],
  ['\n', 'Invalid length key in key file'],
  [`${key}x`, "Found trailing character in key file: `x'"],
  [`${key}\n\0`, "Found trailing character in key file: `\0'"],
  [`\n${key}`, "Found trailing character in key file: `='"],
  [`${key.slice(0, 42)}p=`, `Key is not the correct length or format: \`${key.slice(0, 42)}p='`],
])('%j is refused', (content, wgText) => {
  expect(() => readKeyFile(fileWith(content))).toThrow(expect.objectContaining({ wgText }))
})

test('a folder is not a key, a file that is not there says so', () => {
  expect(() => readKeyFile(folder)).toThrow(
    expect.objectContaining({ wgText: 'Invalid length key in key file' }),
  )
  expect(() => readKeyFile(join(folder, 'none'))).toThrow(
    expect.objectContaining({ wgText: 'fopen: No such file or directory' }),
  )
})

test('a named pipe works; one that stays empty is not a removal', () => {
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  spawn('sh', ['-c', 'printf "%s\\n" "$1" > "$2"', 'sh', key, pipe], { stdio: 'ignore' })
  expect(readKeyFile(pipe)).toBe(key)
  spawn('sh', ['-c', ': > "$1"', 'sh', pipe], { stdio: 'ignore' })
  expect(() => readKeyFile(pipe)).toThrow(
    expect.objectContaining({ wgText: 'Invalid length key in key file' }),
  )
})

test('what does not end is not read for ever', () => {
  expect(() => readKeyFile('/dev/zero')).toThrow(
    expect.objectContaining({ wgText: "Found trailing character in key file: `\0'" }),
  )
  const fd = openSync('/dev/zero', 'r')
  try {
    expect(readKeyText(fd)).toMatch(/^\0{65536}…$/)
    expect(() => readAll(fd)).toThrow(expect.objectContaining({ wgText: 'getc: File too large' }))
  } finally {
    closeSync(fd)
  }
  // White space alone may follow a key, but not without an end.
  expect(() => readKeyFile(fileWith(`${key}${'\n'.repeat(70_000)}`))).toThrow(/more/)
})
