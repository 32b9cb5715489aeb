// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { painterFor } from './colour.ts'

// Descriptor 99 is not a terminal, whatever the tests run in.
test.each([
  [{ WG_COLOR_MODE: 'always' }, '\x1b[31mx\x1b[39m'],
  [{ WG_COLOR_MODE: 'always', NO_COLOR: '1' }, '\x1b[31mx\x1b[39m'],
  [{ WG_COLOR_MODE: 'never' }, 'x'],
  [{ NO_COLOR: '1' }, 'x'],
  [{}, 'x'],
])('%j', async (environment, expected) => {
  expect((await painterFor(99, environment))('red', 'x')).toBe(expected)
})
