// SPDX-License-Identifier: MIT
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dataPlaneEnvironment } from './data-plane-options.ts'

test.each([
  ['# StickyPort = on\n[Interface]\n', '1'],
  ['[Interface]\n  #StickyPort=ON\n', '1'],
  ['[Interface]\n# StickyPort = on\n# StickyPort = off\n', '0'],
  ['[Interface]\n# stickyport = maybe\n', undefined],
  ['[Interface]\nPostUp = echo # StickyPort = on\n', undefined],
  ['[Interface]\n[Peer]\n# StickyPort = on\n', undefined],
])('a port that stays, from %j', (text, expected) => {
  const folder = mkdtempSync(join(tmpdir(), 'wgq-options-'))
  try {
    const path = join(folder, 'wg0.conf')
    writeFileSync(path, text, { mode: 0o600 })
    expect(dataPlaneEnvironment(path)['WGQ_STICKY_PORT']).toBe(expected)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
