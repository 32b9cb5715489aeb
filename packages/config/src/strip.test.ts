// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { strip } from './strip.ts'

interface Golden {
  name: string
  config: string
  strip?: string
}
const golden: Golden[] = JSON.parse(readFileSync(new URL('./fixtures/golden.json', import.meta.url), 'utf8'))
const stripped = golden.filter((one) => one.strip !== undefined)

describe('prints what wg-quick strip printed', () => {
  test.each(stripped)('$name', (one) => {
    expect(strip(one.config, 'wg0.conf')).toBe(one.strip)
  })
})

// Each expectation was printed by wg-quick 1.0.20210914.
test.each([
  ['', '\n'],
  ['[Interface]\n  ', '[Interface]\n\n'],
  ['[Interface]\nA=1', '[Interface]\nA=1\n\n'],
  ['[Interface]\nA\0=1\r\n \t x \r\n\vq\n', '[Interface]\nA=1\r\nx \r\n\vq\n\n'],
  ['[Interface]\nMTU=1\n[ Interface ]\nMTU=2\n', '[Interface]\n[ Interface ]\nMTU=2\n\n'],
])('strips %j', (text, expected) => {
  expect(strip(text, 'x.conf')).toBe(expected)
})
