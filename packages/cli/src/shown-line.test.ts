// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { shownLine } from './shown-line.ts'

const key = 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo='

test.each([
  [`PrivateKey = ${key} # x`, `PrivateKey = ${'*'.repeat(44)} * *`],
  ['presharedkey=short', 'presharedkey=*****'],
  [`PrivatKey=${key}`, `PrivatKey=${'*'.repeat(44)}`],
  [key.slice(0, -1), '*'.repeat(43)],
  [`PublicKey = ${key}`, `PublicKey = ${key}`],
  [`PublicKey = ${key.slice(0, -1)}`, `PublicKey = ${'*'.repeat(43)}`],
  ['\tMTU = 1\x1b[2J\0\x7f\x9b', '\tMTU = 1\u241b[2J\u2400\u2421\u2421'],
  ['# Grüße', '# Grüße'],
])('%j is shown as %j', (text, shown) => {
  expect(shownLine(text)).toBe(shown)
})
