// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { shownChange } from './shown-change.ts'

const key = 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo='

test.each([
  [`PrivateKey = ${key}`, 'PrivateKey = (hidden)'],
  [`#[disabled] PresharedKey=${key}`, '#[disabled] PresharedKey=(hidden)'],
  [`# the old one was ${key}`, `# the old one was ${'*'.repeat(44)}`],
  [`PublicKey = ${key}`, `PublicKey = ${key}`],
  ['# Name = a\x1b[2Jb', '# Name = a\u241b[2Jb'],
  ['MTU = 1420\r', 'MTU = 1420'],
])('%j is shown as %j', (line, expected) => {
  expect(shownChange(line)).toBe(expected)
})
