// SPDX-License-Identifier: MIT
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { numberValue, parseArguments } from './options.ts'

const parse = (verb: string, ...args: string[]) =>
  parseArguments({ personality: 'wgq', program: 'wgq', verb, args })

describe('parseArguments', () => {
  test('operands stay text: numbers and prefixes are not read as something else', async () => {
    expect((await parse('wait', '1e3', '--handshake')).operands).toEqual(['1e3'])
    expect((await parse('wait', '0x10')).operands).toEqual(['0x10'])
  })
  test('flags and values; the last value counts', async () => {
    const parsed = await parse('wait', 'wg0', '--handshake', '--timeout', '5', '--timeout=7.5')
    expect(parsed.flags).toEqual(new Set(['handshake']))
    expect(numberValue(parsed, 'timeout', 0)).toBe(7.5)
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
