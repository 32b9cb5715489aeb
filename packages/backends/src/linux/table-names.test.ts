// SPDX-License-Identifier: MIT
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readTableNames } from './table-names.ts'

describe('names of routing tables', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wgq-tables-'))
  const [etc, usr] = [join(folder, 'etc'), join(folder, 'usr')]
  for (const parent of [etc, usr]) mkdirSync(join(parent, 'rt_tables.d'), { recursive: true })
  afterAll(() => rmSync(folder, { recursive: true }))

  it('always has the tables of the kernel', () => {
    expect([...readTableNames([join(folder, 'nowhere')])]).toEqual([
      ['default', 253],
      ['main', 254],
      ['local', 255],
    ])
  })

  it('reads numbers in either notation and passes over everything else', () => {
    writeFileSync(
      join(usr, 'rt_tables'),
      '#\n# reserved\n255\tlocal\n 0x64\tvpn\n7 seven # odd\nnonsense\n9\n',
    )
    const names = readTableNames([etc, usr])
    expect([names.get('vpn'), names.get('seven'), names.get('nonsense')]).toEqual([100, 7, undefined])
  })

  it('prefers the file of the administrator, and reads drop-ins ending in .conf', () => {
    writeFileSync(join(etc, 'rt_tables'), '300 mine\n')
    writeFileSync(join(usr, 'rt_tables.d/a.conf'), '301 shared\n302 other\n')
    writeFileSync(join(etc, 'rt_tables.d/b.conf'), '303 shared\n')
    writeFileSync(join(etc, 'rt_tables.d/c.bak'), '304 stale\n')
    const names = readTableNames([etc, usr])
    expect(Object.fromEntries(names)).toMatchObject({ mine: 300, shared: 303, other: 302 })
    expect(names.has('vpn')).toBe(false)
    expect(names.has('stale')).toBe(false)
  })
})
