// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { expiresAt, expiresIn, expiryMs } from './expiry.ts'

const nowMs = Date.parse('2026-11-30T12:00:00Z')

test.each([
  ['30d', '2026-12-30T12:00:00Z'],
  [' 90 m', '2026-11-30T13:30:00Z'],
  ['7973y', '9994-08-15T12:00:00Z'],
])('in %s is %s, which is read back', (text, expected) => {
  expect(expiresIn(text, nowMs)).toBe(expected)
  expect(expiryMs(expected)).toBe(Date.parse(expected))
})

test.each(['0d', '30', '30x', '-1d', '', '9000y', '999999y', '999999w'])('in %j is refused', (text) => {
  expect(() => expiresIn(text, nowMs)).toThrow(expect.objectContaining({ code: 'E_USAGE' }))
})

test.each([
  ['2028-02-29', '2028-02-29T23:59:59Z'],
  ['2027-01-31T18:00Z', '2027-01-31T18:00:00Z'],
  ['2027-01-31 18:00Z', '2027-01-31T18:00:00Z'],
])('at %s', (text, expected) => {
  expect(expiresAt(text)).toBe(expected)
})

test.each(['2027-02-29', '2027-02-30', '2027-04-31T18:00', '2027-13-01', '2027-1-1', 'tomorrow', ''])(
  'at %j is refused',
  (text) => {
    expect(() => expiresAt(text)).toThrow(expect.objectContaining({ code: 'E_USAGE' }))
  },
)
