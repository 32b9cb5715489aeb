// SPDX-License-Identifier: MIT
import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { x25519PublicKey } from './system.ts'

const pkcs8Header = Buffer.from('302e020100300506032b656e04220420', 'hex')
const expected = (secret: Buffer): Buffer =>
  createPublicKey(
    createPrivateKey({ key: Buffer.concat([pkcs8Header, secret]), format: 'der', type: 'pkcs8' }),
  )
    .export({ format: 'der', type: 'spki' })
    .subarray(-32)

test('public keys are those of node:crypto, unclamped and zero keys included', () => {
  for (const secret of [
    Buffer.alloc(32),
    Buffer.alloc(32, 0xff),
    ...Array.from({ length: 50 }, () => randomBytes(32)),
  ])
    expect(x25519PublicKey(secret)).toEqual(expected(secret))
})

test('another length is refused', () => {
  expect(() => x25519PublicKey(Buffer.alloc(31))).toThrow('A private key has 32 bytes')
})
