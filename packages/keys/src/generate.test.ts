// SPDX-License-Identifier: MIT
import { isKey, keyBytes } from '@wgq/model/key'
import { expect, test } from 'vitest'
import { generatePresharedKey, generatePrivateKey } from './generate.ts'

test('a private key is clamped, a preshared key is not', () => {
  const ones = (length: number) => Buffer.alloc(length, 0xff)
  const privateKey = keyBytes(generatePrivateKey(ones))
  expect([privateKey[0], privateKey[31]]).toEqual([0xf8, 0x7f])
  const zeros = (length: number) => Buffer.alloc(length)
  expect(keyBytes(generatePrivateKey(zeros))[31]).toBe(0x40)
  expect(keyBytes(generatePresharedKey(ones)).every((byte) => byte === 0xff)).toBe(true)
})

test('keys are canonical and differ', () => {
  const keys = Array.from({ length: 64 }, () => generatePrivateKey())
  expect(keys.every(isKey)).toBe(true)
  expect(new Set(keys).size).toBe(64)
})

test('the random bytes are wiped', () => {
  const given = Buffer.alloc(32, 7)
  generatePresharedKey(() => given)
  expect(given.every((byte) => byte === 0)).toBe(true)
})
