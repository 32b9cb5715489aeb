// SPDX-License-Identifier: MIT
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { programName } from './program-name.ts'

test('the bare name when PATH leads to the launcher, else its path', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wgq-name-'))
  const [first, second] = [join(folder, 'first'), join(folder, 'second')]
  for (const place of [first, second]) {
    mkdirSync(place)
    writeFileSync(join(place, 'wg'), '')
    chmodSync(join(place, 'wg'), 0o755)
  }
  expect(programName(`${first}/wg`, `/nonexistent:${first}:${second}`)).toBe('wg')
  expect(programName(`${second}/wg`, `${first}:${second}`)).toBe(`${second}/wg`)
  chmodSync(join(first, 'wg'), 0o644)
  expect(programName(`${second}/wg`, `${first}:${second}/`)).toBe('wg')
  expect(programName('./wg', first)).toBe('./wg')
  rmSync(folder, { recursive: true })
})
