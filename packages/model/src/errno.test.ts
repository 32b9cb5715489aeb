// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { errnoName, errnoNumber, errnoText } from './errno.ts'

test('numbers, names and glibc texts', () => {
  expect(errnoName(19)).toBe('ENODEV')
  expect(errnoNumber('ENODEV')).toBe(19)
  expect(errnoText('ENODEV')).toBe('No such device')
  expect(errnoText('EPROTONOSUPPORT')).toBe('Protocol not supported')
  expect(errnoText('ETOOMANYREFS')).toBe('Too many references: cannot splice')
  expect(errnoText('ENOTSUP')).toBe('Operation not supported')
})

test('a number without a name stays a number', () => {
  expect(errnoName(-1)).toBe('-1')
  expect(errnoText(errnoName(-1))).toBe('Unknown error -1')
  expect(errnoText(errnoName(4095))).toBe('Unknown error 4095')
})
