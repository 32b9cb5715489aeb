// SPDX-License-Identifier: MIT
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { replaceStateFile } from './state-file.ts'

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  const writeFileSync = (path: string, text: string, options: object) => {
    fs.writeFileSync(path, text.slice(0, 5), options)
    throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
  }
  return { ...fs, writeFileSync }
})

test('a full disk keeps nothing of a file that did not fit', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wgq-state-'))
  try {
    expect(() => replaceStateFile(join(folder, 'wg0.json'), { long: 'text' })).toThrow('ENOSPC')
    expect(readdirSync(folder)).toEqual([])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
