// SPDX-License-Identifier: MIT
import type { Key } from '@wgq/model/key'
import { expect, test } from 'vitest'
import { differenceText } from './difference-text.ts'

test('what comes, goes and changes, aligned, peers by name', () => {
  const phone = `${'a'.repeat(42)}A=` as Key
  const laptop = `${'b'.repeat(42)}A=` as Key
  expect(
    differenceText(
      [
        { object: 'peer', id: phone, wanted: '10.0.0.9/32' },
        { object: 'peer', id: laptop, field: 'endpoint', running: '203.0.113.4:1', wanted: '203.0.113.5:1' },
        { object: 'route', id: '10.9.0.0/16', running: 'table main' },
        { object: 'address', id: '10.0.0.1/24', wanted: 'present' },
      ],
      new Map([[phone, 'phone']]),
      (_, text) => text,
    ),
  ).toBe(
    [
      '+ peer     phone          allowed ips 10.0.0.9/32',
      '~ peer     bbbbbbbbbbbb…  endpoint  203.0.113.4:1 → 203.0.113.5:1',
      '- route    10.9.0.0/16    table main',
      '+ address  10.0.0.1/24',
      '',
    ].join('\n'),
  )
})
