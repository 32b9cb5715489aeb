// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { wideEncoding } from './encoding.ts'
import { decodeSource } from './source.ts'

const utf16le = (text: string) => Buffer.from(text, 'utf16le')
const utf16be = (text: string) => utf16le(text).swap16()
const utf32le = (text: string) => Buffer.concat([...text].map((one) => Buffer.from(`${one}\0\0\0`, 'latin1')))
const utf32be = (text: string) => Buffer.concat([...text].map((one) => Buffer.from(`\0\0\0${one}`, 'latin1')))

const ascii = '[Interface]\nMTU = 1420\n'

test.each([
  ['UTF-16LE', utf16le(ascii)],
  ['UTF-16BE', utf16be(ascii)],
  ['UTF-16LE', utf16le(`# ключ\n${ascii}`)],
  ['UTF-16BE', utf16be(`# ключ\n${ascii}`)],
  ['UTF-16', utf16le(`\ufeff${ascii}`)],
  ['UTF-16', utf16be(`\ufeff${ascii}`)],
  ['UTF-32LE', utf32le(ascii)],
  ['UTF-32BE', utf32be(ascii)],
  ['UTF-32', Buffer.concat([Buffer.from([255, 254, 0, 0]), utf32le(ascii)])],
  [undefined, Buffer.from(ascii)],
  [undefined, Buffer.from(`\ufeff${ascii}`)],
  [undefined, Buffer.from('')],
  [undefined, Buffer.from('\0')],
  [undefined, Buffer.from(`MTU\0= 1\0${ascii.repeat(9)}`)],
] as const)('%s', (encoding, bytes) => {
  expect(wideEncoding(decodeSource(bytes).text)).toBe(encoding)
})
