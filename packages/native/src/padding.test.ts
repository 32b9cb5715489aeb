// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import vectors from '../../../test/fixtures/protocol/padding.json' with { type: 'json' }
import { paddedLength } from './testing.ts'

test.each(vectors.cases)('$len bytes under an MTU of $mtu', ({ len, mtu, pad }) => {
  expect(paddedLength(len, mtu) - len).toBe(pad)
})
