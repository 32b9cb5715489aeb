// SPDX-License-Identifier: MIT
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import type { Invocation } from '../command.ts'

const printed = vi.hoisted((): string[] => [])
vi.mock('../output.ts', () => ({
  writeOut: (text: string) => printed.push(text),
  writeErr: (text: string) => printed.push(text),
}))
const { run } = await import('./lint.ts')

const folder = mkdtempSync(join(tmpdir(), 'wgq-lint-'))
afterAll(() => rmSync(folder, { recursive: true }))

const lint = async (...args: string[]): Promise<string> => {
  printed.length = 0
  await run({ verb: 'lint', args, personality: 'wgq', program: 'wgq' } as unknown as Invocation)
  return printed.join('')
}

test('a file given twice is not compared with itself', async () => {
  const file = join(folder, 'wg0.conf')
  const text =
    '[Interface]\nPrivateKey = cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo=\nAddress = 10.9.0.1/24\n'
  writeFileSync(file, text, { mode: 0o600 })
  expect(await lint(file, `${folder}/./wg0.conf`, file)).toMatch(/^no findings in 1 file\n$/)
})

test('two formats at once are refused, and both are named', async () => {
  await expect(lint('--sarif', '--json', '/dev/null')).rejects.toThrow('found --json and --sarif')
})

test('no finding asks to change the mode of a device', async () => {
  expect(await lint('/dev/null')).not.toContain('chmod')
})
