// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import vectors from '../../../native/src/fixtures/primitives.json' with { type: 'json' }
import { tai64n, timestampStepNs } from './tai64n.ts'

test.each(vectors.tai64n)('TAI64N of $unix_seconds.$nanoseconds', (vector) => {
  const time = BigInt(vector.unix_seconds) * 1_000_000_000n + BigInt(vector.nanoseconds)
  expect(tai64n(time).toString('hex')).toBe(vector.tai64n)
})

test('a step later gives a greater one', () => {
  for (let time = 1_700_000_000_000_000_000n; time < 1_700_000_001_000_000_000n; time += 7_654_321n)
    expect(tai64n(time + timestampStepNs).compare(tai64n(time))).toBe(1)
})
