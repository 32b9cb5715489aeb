// SPDX-License-Identifier: MIT
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readConfigFile } from './config-file.ts'
import { replaceConfigFile } from './replace-file.ts'

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
