// SPDX-License-Identifier: MIT
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hideAsIn, hideKeys, plainJson, shown, visible, visibleLines } from './shown.ts'

const key = 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo='

test.each([
  [`"${key}" is not an address`, `"${'*'.repeat(44)}" is not an address`],
  [`add PublicKey = ${key}`, `add PublicKey = ${key}`],
  [Buffer.from(key, 'base64').toString('hex'), '*'.repeat(64)],
  [Buffer.from(key, 'base64').toString('base64url'), '*'.repeat(43)],
  [`${key}${key}`, '*'.repeat(88)],
  [
    '/etc/NetworkManager/system-connections/Office-Berlin-2',
    '/etc/NetworkManager/system-connections/Office-Berlin-2',
  ],
  [`MTU = "${key.slice(0, 17)} ${key.slice(17)}"`, `MTU = "${'*'.repeat(17)} ${'*'.repeat(27)}"`],
  [`found ${key.slice(0, 5)}\t${key.slice(5, 43)} =`, `found ${'*'.repeat(5)}\t${'*'.repeat(38)} *`],
  [
    'an MTU is 68 to 65535 bytes and whatever else there is to say about it =',
    'an MTU is 68 to 65535 bytes and whatever else there is to say about it =',
  ],
  [key.split('').join('\0'), '*'.repeat(44).split('').join('\0')],
  [`= ${key.split('').join('\0\0\0')}`, `= ${'*'.repeat(44).split('').join('\0\0\0')}`],
  [`${key.slice(0, 9)}\v${key.slice(9)}`, `${'*'.repeat(9)}\v${'*'.repeat(35)}`],
  ['a-host-with-a-long-name-that-is-none-of-them', 'a-host-with-a-long-name-that-is-none-of-them'],
])('%j is shown as %j', (text, expected) => {
  expect(hideKeys(text)).toBe(expected)
})

test('what a message quotes of a key with a blank in it is hidden', () => {
  const line = `Address = ${key.slice(0, 20)} ${key.slice(20)}`
  expect(hideAsIn(`"${key.slice(0, 20)}" is not an address`, line, 11)).toBe(
    `"${'*'.repeat(20)}" is not an address`,
  )
  expect(hideAsIn('"Address" is odd', line, 1)).toBe('"Address" is odd')
  expect(hideAsIn('"nonsense" is odd', 'Address = nonsense', 11)).toBe('"nonsense" is odd')
})

test('whatever 32 bytes are a key, their text is hidden', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.constantFrom('MTU ', '"', ''),
      (bytes, before) => {
        const word = Buffer.from(bytes).toString('base64')
        expect(shown(`${before}${word}`)).not.toContain(word.slice(0, 43))
      },
    ),
  )
})

test('nothing that is shown steers a terminal', () => {
  expect(visible('a\tb\x1b[2J\r\n\x9b31m\u202eabc')).toBe('a\tb␛[2J␍␊␡31m\ufffdabc')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(visible(text)).not.toMatch(/(?!\t)\p{Cc}|\p{Zl}|\p{Zp}/u)
      expect(visible(text)).toHaveLength(text.length)
    }),
  )
})

test('JSON means the same and holds nothing that steers a terminal', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), fc.constantFrom(undefined, 2), (texts, indent) => {
      const odd = [...texts, '\x9b31m', '\x1b]0;x\x07', '\u202e', '\x7f']
      const json = plainJson(JSON.stringify(odd, undefined, indent))
      expect(JSON.parse(json)).toEqual(odd)
      expect(visibleLines(json)).toBe(json)
    }),
  )
})

test('lines stay lines', () => {
  expect(visibleLines('a\x1b[2J\n\tb\r\n')).toBe('a␛[2J\n\tb␍\n')
})
