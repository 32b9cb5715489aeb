// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { builtBin, whyNotBuilt } from '../support/built-program.ts'

const original = '/usr/bin/wg-quick'
const whyNot =
  whyNotBuilt() ??
  (process.getuid?.() !== 0
    ? 'wg-quick runs as root only'
    : !existsSync(original) || realpathSync(original).startsWith('/usr/lib/wgq')
      ? 'wireguard-tools is not installed'
      : undefined)
if (whyNot !== undefined) console.warn(`skipped: ${whyNot}`)

/** Both programs on the same file: status and both streams, the name of the program in messages included. */
const both = (bytes: Uint8Array) => {
  writeFileSync(file, bytes, { mode: 0o600 })
  return [original, join(builtBin, 'wg-quick')].map((program) => {
    const { status, stdout, stderr } = spawnSync(program, ['strip', file])
    return { status, stdout: stdout.toString('latin1'), stderr: stderr.toString('latin1') }
  })
}

const directory = mkdtempSync(join(tmpdir(), 'wgq-strip-'))
const file = join(directory, 'wg0.conf')
afterAll(() => rmSync(directory, { recursive: true }))

describe.skipIf(whyNot !== undefined)('wg-quick strip, against wg-quick', () => {
  test.each([
    ['nothing', ''],
    ['blanks at the end', '[Interface]\n  '],
    ['no last newline', '[Interface]\nMTU=1\nA = b'],
    ['CRLF', '[Interface]\r\nMTU = 1\r\nA = b \r\n\r\n[Peer]\r\n'],
    ['NUL and other bytes', '[Interface]\nA\0=\xff\x01\x7f\nM\0TU=1\n\v[Peer]\n'],
    ['backslashes and quotes', '[Interface]\nA = \\n "x" \\\nAddress = \\\nB = `id` $(id) $HOME *\n'],
    ['options of echo', '-n\n'],
    ['SaveConfig', '[Interface]\nSaveConfig = maybe\n'],
    ['SaveConfig without a value', '[Interface]\nSaveConfig # = true\n'],
    ['headers', '[interface] # x\nMTU=1\n[Interface]=\nMTU=2\n[ Interface ]\nMTU=3\n[Interface\nMTU=4\n'],
  ])('%s', (_, text) => {
    const [expected, found] = both(Buffer.from(text, 'latin1'))
    expect(found).toEqual(expected)
  })

  test('files of random pieces', () => {
    // Without \x01: bash takes it for a mark of its own and keeps a blank behind it at the end of a line.
    const piece = fc.constantFrom(
      ...[
        '[Interface]',
        '[interface]',
        '[Peer]',
        '[',
        ']',
        '=',
        ' = ',
        '#',
        '\n',
        '\n',
        '\r\n',
        '\t',
        ' ',
        '\0',
        '\\',
      ],
      ...[
        'Address',
        'address',
        'DNS',
        'MTU',
        'Table',
        'PostUp',
        'PREDOWN',
        'SaveConfig',
        'true',
        'FALSE',
        'x',
        ',',
      ],
      ...['PublicKey', '*', '$(id)', '"', "'", '\xe9', '\xc3\xa9', '\x7f', '\v', '-n', '~'],
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const [expected, found] = both(Buffer.from(`[Interface]\n${pieces.join('')}`, 'latin1'))
        expect(found).toEqual(expected)
      }),
      { numRuns: 120 },
    )
  })
})
