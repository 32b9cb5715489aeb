// SPDX-License-Identifier: MIT
import { isIP } from 'node:net'
import { expect, test } from 'vitest'
import { formatIp, parseIp } from './ip.ts'

// Parts of addresses and non-addresses, combined in every way.
const parts = ['', '0', '1', 'FFff', '00001', 'g', '::', ':', '1.2.3.4', '256.1.1.1', '01.2.3.4', ' ']

test('what is an address is what Node takes for one', () => {
  const mistakes: string[] = []
  const grow = (text: string, depth: number): void => {
    if ((parseIp(text) !== undefined) !== isIP(text) > 0) mistakes.push(text)
    if (depth > 0) for (const part of parts) grow(text + part, depth - 1)
  }
  grow('', 4)
  for (const front of ['1:2:3:4:5', '1:2:3:4:5:6', '1::3:4:5:6', '::2:3:4:5:6:7']) grow(front, 3)
  expect(mistakes).toEqual([])
})

test.each([
  ['::', '::'],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['FD08:0:0:0:1:0:0:0', 'fd08::1:0:0:0'],
  ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
  ['::c000:201', '::192.0.2.1'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
])('%s is written %s', (text, canonical) => {
  const bytes = parseIp(text)
  expect(bytes && formatIp(bytes)).toBe(canonical)
})
