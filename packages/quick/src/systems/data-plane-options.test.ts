// SPDX-License-Identifier: MIT
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dataPlaneEnvironment } from './data-plane-options.ts'

test.each([
  // `up` refuses it outside the section.
  ['# StickyPort = on\n[Interface]\n', undefined],
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

test('a group that may read the socket is known by its name or its number; one that is not there is refused with its place', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wgq-options-'))
  try {
    const path = join(folder, 'wg0.conf')
    const groups = join(folder, 'group')
    writeFileSync(groups, 'root:x:0:\nwheel:x:998:alice\n')
    const groupOf = (value: string) => {
      writeFileSync(path, `[Interface]\n# SocketGroup = ${value}\n`, { mode: 0o600 })
      return dataPlaneEnvironment(path, groups)['WGQ_SOCKET_GROUP']
    }
    expect([groupOf('wheel'), groupOf('1234'), groupOf('')]).toEqual(['998', '1234', undefined])
    expect(() => groupOf('whel')).toThrow(
      expect.objectContaining({ code: 'E_VALUE', at: { file: path, line: 2, column: 1 } }),
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
})
