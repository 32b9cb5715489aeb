// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { tableLines } from './table.ts'

test('a cell of foreign text keeps its column and steers no terminal', () => {
  const lines = tableLines(
    [{ title: 'TUNNEL' }, { title: 'N', right: true }],
    [
      ['wg\x1b[2J', '1'],
      ['wg0', '12'],
    ],
  )
  expect(lines).toEqual(['TUNNEL   N', 'wg␛[2J   1', 'wg0     12'])
})
