// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { rehearse } from './rehearsal.ts'

test('a rehearsed handshake is a real one: both sides come to the same keys', () => {
  expect(rehearse()).toBe(true)
})
