// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { errnoName, errnoNumber, errnoText, systemErrnoName } from './errno.ts'

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

test.each([
  // sys/errno.h of FreeBSD, OpenBSD and NetBSD.
  [{ EPERM: 1, EADDRINUSE: 48, EOPNOTSUPP: 45, ENOTSUP: 45, EPROTO: 92 }, 92],
  [{ EPERM: 1, EADDRINUSE: 48, EOPNOTSUPP: 45, ENOTSUP: 91, EPROTO: 95 }, 95],
  [{ EPERM: 1, EADDRINUSE: 48, EOPNOTSUPP: 45, ENOTSUP: 86, EPROTO: 96 }, 96],
])('numbers of another system have the names of that system', (numbers, protocol) => {
  expect([1, 48, 45, protocol, 4095].map((each) => systemErrnoName(each, numbers))).toEqual([
    'EPERM',
    'EADDRINUSE',
    'EOPNOTSUPP',
    'EPROTO',
    '4095',
  ])
})

test('here they are those of Linux', () => {
  expect([98, 95, 71].map((each) => systemErrnoName(each))).toEqual(['EADDRINUSE', 'EOPNOTSUPP', 'EPROTO'])
})

test('the BSDs have words of their own', () => {
  expect(errnoText('ENXIO', 'openbsd')).toBe('Device not configured')
  expect(errnoText('ENXIO', 'linux')).toBe('No such device or address')
  expect(errnoText('EADDRINUSE', 'freebsd')).toBe('Address already in use')
})
