// SPDX-License-Identifier: MIT
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseDocument, printDocument } from './document.ts'
import { decodeSource, encodeSource } from './source.ts'

const roundTrip = (bytes: Buffer): Buffer => {
  const source = decodeSource(bytes)
  return encodeSource({ ...source, text: printDocument(parseDocument(source.text)) })
}

test.each([
  ['nothing', ''],
  ['no final newline', '[Interface]\nMTU = 1'],
  ['CRLF and LF mixed', 'a\r\nb\nc\r\r\n\r\n'],
  ['lone carriage returns', 'a\rb\r'],
  ['NUL bytes', 'a\0b\n\0'],
  ['invalid UTF-8', Buffer.from([0x23, 0xff, 0xfe, 0x0a, 0xc3])],
  ['a byte-order mark', Buffer.from([0xef, 0xbb, 0xbf, 0x5b, 0x49])],
  ['UTF-8', '# Grüße ☎\n'],
])('prints what was parsed: %s', (_, text) => {
  const bytes = Buffer.from(text)
  expect(roundTrip(bytes)).toEqual(bytes)
})

test('prints what was parsed: any bytes', () => {
  const newlineRich = fc.array(
    fc.constantFrom(0x0a, 0x0d, 0x00, 0x23, 0x3d, 0x5b, 0x20, 0xff, 0xc3, 0xa9, 0x41),
  )
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array(), newlineRich), (input) => {
      const bytes = Buffer.from(input)
      expect(roundTrip(bytes)).toEqual(bytes)
    }),
  )
})

test('numbers lines from 1 and keeps each ending apart from the text', () => {
  expect(parseDocument('a\r\nb\n\nc').lines).toEqual([
    { number: 1, text: 'a', ending: '\r\n' },
    { number: 2, text: 'b', ending: '\n' },
    { number: 3, text: '', ending: '\n' },
    { number: 4, text: 'c', ending: '' },
  ])
})
