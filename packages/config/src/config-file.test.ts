// SPDX-License-Identifier: MIT
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readConfigFile } from './config-file.ts'
import { replaceConfigFile } from './replace-file.ts'

test('a directory is named as what it is', () => {
  expect(() => readConfigFile('/')).toThrow(/^`\/' cannot be read: Is a directory$/)
})

test('a pipe is read once, however often it is asked for, and no file takes its place', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wgq-pipe-'))
  try {
    const pipe = join(folder, 'wg0.conf')
    execFileSync('mkfifo', [pipe])
    const writer = spawn('sh', ['-c', 'echo "[Interface]" > "$0"', pipe])
    const ended = once(writer, 'close')
    expect(readConfigFile(pipe).text).toBe('[Interface]\n')
    await ended
    // There is no writer any more: opening the pipe would wait for ever.
    expect(readConfigFile(pipe).text).toBe('[Interface]\n')
    expect(() => replaceConfigFile(pipe, Buffer.from('x'))).toThrow(/cannot be written: Invalid argument/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a file that is replaced keeps its mode, whatever the umask; a new one is for its owner alone', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wgq-config-file-'))
  const umask = process.umask(0o077)
  try {
    const file = join(folder, 'wg0.conf')
    replaceConfigFile(file, Buffer.from('a'))
    expect(statSync(file).mode & 0o777).toBe(0o600)
    chmodSync(file, 0o640)
    replaceConfigFile(file, Buffer.from('b'))
    expect([statSync(file).mode & 0o777, readFileSync(file, 'utf8')]).toEqual([0o640, 'b'])
    expect(readdirSync(folder)).toEqual(['wg0.conf'])
  } finally {
    process.umask(umask)
    rmSync(folder, { recursive: true })
  }
})

test('a file that does not end is refused', () => {
  expect(() => readConfigFile('/dev/zero')).toThrow(
    expect.objectContaining({ code: 'E_CONFIG_READ', message: "`/dev/zero' has more than 256 MiB" }),
  )
})
