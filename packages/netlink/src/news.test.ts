// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { littleEndian } from './byte-order.ts'
import { isAboutLink } from './news.ts'

/** A netlink message of 32-bit words in the byte order of this machine. */
const message = (type: number, ...words: number[]): Uint8Array => {
  const bytes = new Uint8Array(16 + words.length * 4)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, bytes.length, littleEndian)
  view.setUint16(4, type, littleEndian)
  for (const [at, word] of words.entries()) view.setUint32(16 + at * 4, word, littleEndian)
  return bytes
}
/** Length and type of an attribute, in one word. */
const attribute = (length: number, type: number): number =>
  littleEndian ? length | (type << 16) : (length << 16) | type
/** The first word of a route to a network of 24 bits. */
const network = littleEndian ? 24 << 8 : 24 << 16
const joined = (...messages: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(messages))

test.each<[string, Uint8Array, boolean]>([
  ['its link', message(16, 0, 7, 0, 0), true],
  ['another link', message(17, 0, 8, 0, 0), false],
  ['its address', message(21, 0, 7), true],
  ['another address', message(20, 0, 70), false],
  ['its route', message(25, network, 0, 0, attribute(8, 1), 7, attribute(8, 4), 7), true],
  ['a default route', message(25, 0, 0, 0, attribute(8, 4), 3), true],
  ['another route', message(24, network, 0, 0, attribute(8, 1), 7, attribute(8, 4), 3), false],
  ['a rule', message(33, 0, 0, 0), true],
  ['the second of two', joined(message(16, 0, 8, 0, 0), message(20, 0, 7)), true],
  ['none of two', joined(message(16, 0, 8, 0, 0), message(20, 0, 9)), false],
  ['what cannot be read', message(24, network, 0, 0, attribute(0, 4), 3), true],
  ['a part', message(16, 0, 8, 0, 0).subarray(0, 20), true],
])('%s', (_, datagram, ours) => {
  expect(isAboutLink(datagram, 7)).toBe(ours)
})
