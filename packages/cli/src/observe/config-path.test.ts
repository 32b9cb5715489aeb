// SPDX-License-Identifier: MIT
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { currentNetns } from '@wgq/quick/run/journal'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { configPathOf } from './config-path.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wgq-journals-'))
})
afterEach(() => rmSync(folder, { recursive: true }))
const journal = (file: string, netns: number, config: string) =>
  writeFileSync(join(folder, file), JSON.stringify({ interface: 'wgtest0', netns, config }))
const found = () => configPathOf('wgtest0', [folder])

test('the file that the journal names', () => {
  journal('wgtest0.json', currentNetns(), '/srv/wgtest0.conf')
  expect(found()).toBe('/srv/wgtest0.conf')
})

test('not that of a tunnel of the same name in another network namespace', () => {
  journal('wgtest0.json', currentNetns() + 1, '/srv/theirs.conf')
  expect(found).toThrow('wgtest0.conf')
  journal(`wgtest0@${currentNetns()}.json`, currentNetns(), '/srv/ours.conf')
  expect(found()).toBe('/srv/ours.conf')
})
