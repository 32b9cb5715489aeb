// SPDX-License-Identifier: MIT
import type { Diagnostic } from '@wgq/config/diagnostic'
import { describe, expect, test } from 'vitest'
import { formatFinding, formatSummary } from './report.ts'
import { fileUri, sarifLog } from './sarif.ts'

const plain = (_: string, text: string) => text
const key = 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo='
const finding: Diagnostic = {
  code: 'some-code',
  severity: 'warning',
  at: { file: 'wg0.conf', line: 1, column: 3 },
  width: 4,
  message: 'something is odd',
  hint: 'change it',
  related: [{ at: { file: 'b.conf', line: 2, column: 1 }, message: 'like this one' }],
}
const shown = (text: string) => formatFinding(finding, new Map([['wg0.conf', [text]]]), plain)

describe('a finding for people', () => {
  test('shows place, line, caret, hint and related places', () => {
    expect(shown('\tx 1234')).toBe(
      'wg0.conf:1:3: warning: something is odd [some-code]\n' +
        '   1 | \tx 1234\n     | \t ^^^^\n  hint: change it\n  b.conf:2:1: like this one\n',
    )
  })

  test.each([`PrivateKey = ${key}`, `PrivatKey=${key.slice(0, -1)}`, key, `PresharedKey = "${key}"`])(
    'never shows a secret: %s',
    (text) => {
      expect(shown(text)).not.toContain(key.slice(5, 20))
      expect(shown(text)).toContain('*'.repeat(43))
    },
  )

  test('shows public keys', () => {
    expect(shown(`PublicKey = ${key}`)).toContain(key)
  })

  test('makes control characters visible', () => {
    expect(shown('a\x1b[2Jb\0c')).toContain('a\u241b[2Jb\u2400c')
  })

  test.each([2, 4])('shows no key of a text with %i bytes for each character', (bytes) => {
    const wide = (text: string) => text.replaceAll(/./g, (one) => one.padEnd(bytes, '\0'))
    for (const name of ['PrivateKey = ', '', `# ${'x'.repeat(200)} `]) {
      const text = wide(`${name}${key}`)
      const lines = new Map([['wg0.conf', [text]]])
      for (const column of [1, text.length - 90]) {
        const of = { ...finding, at: { ...finding.at, column } }
        expect(formatFinding(of, lines, plain).replaceAll('\u2400', '')).not.toContain(key.slice(5, 9))
      }
      expect(formatFinding({ ...finding, code: 'wide-encoding' }, lines, plain)).not.toContain('   1 |')
    }
  })

  test('is without a line when the file is not at hand', () => {
    const { hint: _, related: __, ...bare } = finding
    expect(formatFinding(bare, new Map(), plain)).toBe(
      'wg0.conf:1:3: warning: something is odd [some-code]\n',
    )
  })
})

test('the summary counts', () => {
  expect(formatSummary([finding, { ...finding, severity: 'error' }, finding], 2)).toBe(
    '1 error, 2 warnings in 2 files\n',
  )
  expect(formatSummary([], 1)).toBe('no findings in 1 file\n')
})

test('SARIF has rule, level and region', () => {
  expect(sarifLog([finding], '1.2.3')).toMatchObject({
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'wgq',
            version: '1.2.3',
            rules: [{ id: 'some-code', helpUri: expect.stringMatching(/#some-code$/) }],
          },
        },
        results: [
          {
            ruleId: 'some-code',
            ruleIndex: 0,
            level: 'warning',
            locations: [
              {
                physicalLocation: {
                  artifactLocation: { uri: fileUri('wg0.conf') },
                  region: { startLine: 1, startColumn: 3, endColumn: 7 },
                },
              },
            ],
          },
        ],
      },
    ],
  })
})

test.each(['/etc/wireguard/a b.conf', '/tmp/#1?x=y:z/100%.conf', '/tmp/ä\ud800.conf'])(
  'the URI of %j is one, and comes back',
  (file) => {
    const uri = fileUri(file)
    expect(uri).toMatch(/^file:\/\/\/[A-Za-z0-9/%._~!*'()-]+$/)
    expect(decodeURIComponent(new URL(uri).pathname)).toBe(Buffer.from(file).toString())
  },
)
