// SPDX-License-Identifier: MIT
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { commands } from './command-table.ts'
import { numberValue, parseArguments, readPlainWords } from './options.ts'
import { parseOptions } from './parse-options.ts'

const parse = (verb: string, ...args: string[]) =>
  parseArguments({ personality: 'wgq', program: 'wgq', verb, args })

describe('parseArguments', () => {
  test('operands stay text: numbers and prefixes are not read as something else', async () => {
    expect((await parse('wait', '1e3', '--handshake')).operands).toEqual(['1e3'])
    expect((await parse('wait', '0x10')).operands).toEqual(['0x10'])
  })
  test('flags and values', async () => {
    const parsed = await parse('wait', 'wg0', '--handshake', '--timeout', '7.5', '--timeout=7.5')
    expect(parsed.flags).toEqual(new Set(['handshake']))
    expect(numberValue(parsed, 'timeout', 0)).toBe(7.5)
  })
  test.each([
    ['--timeout', '5', '--timeout=7.5'],
    ['--timeout=5', '--timeout="7.5"'],
  ])('two values of one option are refused: %s %s', async (...words) => {
    const parsed = await parse('wait', 'wg0', ...words)
    expect(() => numberValue(parsed, 'timeout', 0)).toThrow('--timeout takes one value, found "5" and')
  })
  test('a name that begins with a dash is an operand where there is such a file', async () => {
    const before = process.cwd()
    const folder = mkdtempSync(join(tmpdir(), 'wgq-options-'))
    try {
      process.chdir(folder)
      writeFileSync('-x', '')
      expect((await parse('lint', '-x', '-q', 'a')).operands).toEqual(['-x', 'a'])
      await expect(parse('lint', '-y')).rejects.toThrow(/no option -y/)
    } finally {
      process.chdir(before)
      rmSync(folder, { recursive: true })
    }
  })
  test.each([
    [['wg0', '--frobnicate'], /there is no option --frobnicate/],
    [[], /<interface> is missing/],
    [['wg0', 'wg1'], /"wg1" is one argument too many/],
    [['wg0', '--timeout'], /timeout/],
  ])('%j is refused with the reason and a hint', async (args, message) => {
    await expect(parse('wait', ...args)).rejects.toMatchObject({
      code: 'E_USAGE',
      hint: '`wgq help wait` shows its usage and options',
    })
    await expect(parse('wait', ...args)).rejects.toThrow(message)
  })
  test('an option that is nearly right is found', async () => {
    await expect(parse('wait', 'wg0', '--handshke')).rejects.toMatchObject({
      message: 'wait: there is no option --handshke',
      hint: 'did you mean --handshake?',
    })
  })
  test('a value that is not a number is named', async () => {
    const parsed = await parse('wait', 'wg0', '--timeout', 'soon')
    expect(() => numberValue(parsed, 'timeout', 0)).toThrow(
      /--timeout takes a number of 0 or more, found "soon"/,
    )
  })
})

describe('readPlainWords', () => {
  const rows = commands.filter(
    ({ personalities, options }) => personalities.includes('wgq') && options.length > 0,
  )
  const oneOf = fc.constantFrom(...rows)
  const wordOf = (names: readonly string[]) =>
    fc.oneof(
      fc.constantFrom(
        'wg0',
        '5',
        '1e3',
        '0x10',
        '',
        'true',
        'false',
        'a=b',
        '--',
        '-',
        '-q',
        '--no',
        '-1',
        'x y',
        '"q"',
        "'s'",
      ),
      fc
        .constantFrom(...names)
        .chain((name) =>
          fc.constantFrom(
            `--${name}`,
            `--${name}=`,
            `--${name}=7`,
            `--${name}=-7`,
            `--${name}=a=b`,
            `--no-${name}`,
            `--${name}="z"`,
          ),
        ),
    )

  test('says what yargs says wherever it says anything', async () => {
    let read = 0
    await fc.assert(
      fc.asyncProperty(
        oneOf.chain((row) =>
          fc.tuple(fc.constant(row), fc.array(wordOf(row.options.map(({ name }) => name)), { maxLength: 5 })),
        ),
        async ([row, words]) => {
          const plain = readPlainWords(row, words)
          if (!plain) return
          read++
          expect(plain).toEqual(await parseOptions(row, words))
        },
      ),
      { numRuns: 1500 },
    )
    expect(read).toBeGreaterThan(100)
  })

  test('reads what people write', () => {
    const row = rows.find(({ verb }) => verb === 'up')
    expect(row && readPlainWords(row, ['--dry-run', 'wg0', '--name', 'wg1'])).toEqual({
      operands: ['wg0'],
      flags: new Set(['dry-run']),
      values: new Map([['name', ['wg1']]]),
    })
  })
})
