// SPDX-License-Identifier: MIT
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { listingOf } from './read-filters.ts'

const programs = ['nft', 'iptables-save', 'ip6tables-save']
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wgq-listing-'))
  for (const name of programs) writeFileSync(join(folder, name), `#!/bin/sh\necho ${name}\n`, { mode: 0o755 })
  vi.stubEnv('PATH', folder)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

test.each([
  ['no tables', { nft: [], iptables: new Set<4 | 6>() }, []],
  ['a table of nf_tables', { nft: ['inet mine'], iptables: new Set<4 | 6>() }, ['nft']],
  ['tables of ip6tables', { nft: [], iptables: new Set<4 | 6>([6]) }, ['ip6tables-save']],
  ['tables that the kernel does not list', undefined, programs],
])('%s: only the programs that have something to say are asked', (_, tables, asked) => {
  const list = listingOf(tables)
  expect(programs.filter((name) => list(name, []) === `${name}\n`)).toEqual(asked)
})
