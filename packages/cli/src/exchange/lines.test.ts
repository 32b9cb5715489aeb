// SPDX-License-Identifier: MIT
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eachLine } from './lines.ts'

test('the lines of any text, whichever way they end', () => {
  const text = fc.array(fc.constantFrom('a', 'b=', '\r', '\n', '\r\n', '')).map((parts) => parts.join(''))
  fc.assert(
    fc.property(text, (any) => {
      const found: (readonly [string, number])[] = []
      eachLine(any, (line, number) => found.push([line, number]))
      expect(found).toEqual(any.split(/\r?\n/).map((line, index) => [line, index + 1]))
    }),
  )
})
