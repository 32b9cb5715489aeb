// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { warmUp } from './warm-up.ts'

test('a warm-up is a real handshake: both sides compute the same keys', () => {
  expect(warmUp()).toBe(true)
})
