// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { shellWord } from './shell-word.ts'

test.each([
  ['/etc/wireguard/wg0.conf', '/etc/wireguard/wg0.conf'],
  ['./my tunnel.conf', "'./my tunnel.conf'"],
  ["o'hara.conf", "'o'\\''hara.conf'"],
  ['$(id).conf', "'$(id).conf'"],
  ['-x.conf', './-x.conf'],
  ['-a b', "'./-a b'"],
  ['', "''"],
])('%s is written as %s', (path, word) => {
  expect(shellWord(path)).toBe(word)
})
