// SPDX-License-Identifier: MIT
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readParts } from '@wgq/config/parts'
import { afterAll, describe, expect, test } from 'vitest'
import { faultlessText } from './refuse.ts'
import { formatFinding } from './report.ts'
import { lintWithDropIns } from './with-drop-ins.ts'

const key = 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo='
const peer = 'Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k='
const main = `[Interface]\nPrivateKey = ${key}\nAddress = 10.9.0.1/24\n`
const dropIn = `[Peer]\nPublicKey = ${peer}\nPresharedKey = ${key}\nAllowedIPs = 10.9.0.2/32\n`

const directory = mkdtempSync(join(tmpdir(), 'wgq-drop-ins-'))
const file = join(directory, 'wg0.conf')
const other = join(`${file}.d`, 'a.conf')
afterAll(() => rmSync(directory, { recursive: true }))

const write = (bytes: Buffer | string): void => {
  mkdirSync(`${file}.d`, { recursive: true })
  writeFileSync(file, main)
  writeFileSync(other, bytes)
}
const lintAll = () =>
  lintWithDropIns([{ file, text: main, purpose: 'wg-quick' }], {
    publicKey: () => peer as never,
    shellFaults: () => [],
  })

test('the text of a tunnel has the peers of its drop-ins', async () => {
  write(dropIn)
  expect(await faultlessText({ path: file, name: 'wg0', text: main })).toBe(main + dropIn)
})

test('a file without a section is no tunnel', async () => {
  rmSync(`${file}.d`, { recursive: true, force: true })
  writeFileSync(file, '# nothing\n')
  expect(await faultlessText({ path: file, name: 'wg0', text: '# nothing\n' })).toBeUndefined()
})

describe.each([
  ['UTF-16', Buffer.from(`\ufeff${dropIn}`, 'utf16le'), 'wide-encoding', 1, 'E_ENCODING'],
  ['UTF-16LE', Buffer.from(dropIn, 'utf16le'), 'wide-encoding', 1, 'E_ENCODING'],
  ['a byte-order mark', `\ufeff${dropIn}`, 'byte-order-mark', 1, 'E_ENCODING'],
  ['CR alone', dropIn.replaceAll('\n', '\r'), 'no-line-ends', 1, 'E_ENCODING'],
  ['an [Interface]', `${dropIn}\n[Interface]\nMTU = 1300\n`, 'unknown-section', 6, 'E_DROP_IN'],
  ['a line above the first header', `# a\nAllowedIPs = ::/0\n${dropIn}`, 'no-section', 2, 'E_DROP_IN'],
])('a drop-in with %s', (_, bytes, code, line, raised) => {
  test('is found by lint with its place, and no key is shown', () => {
    write(bytes)
    const { findings, sources } = lintAll()
    const errors = findings.filter(({ severity }) => severity === 'error')
    expect(errors.map(({ at, code }) => [code, at.file, at.line])).toContainEqual([code, other, line])
    const shown = findings.map((finding) => formatFinding(finding, sources, (_style, text) => text)).join('')
    expect(shown.replaceAll('\u2400', '')).not.toContain(key.slice(5, 15))
  })

  test('is refused by up', () => {
    write(bytes)
    expect(() => readParts(file)).toThrow(expect.objectContaining({ code: raised }))
  })
})
