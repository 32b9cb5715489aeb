// SPDX-License-Identifier: MIT
import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as browser from './browser/key-encoding.ts'
import * as node from './key-encoding.ts'

test('a browser reads and writes keys as Node does', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
      const base64 = node.toBase64(bytes)
      const hex = node.toHex(Buffer.from(bytes))
      expect([browser.toBase64(bytes), browser.toHex(bytes)]).toEqual([base64, hex])
      for (const made of [browser.bytesOfBase64(base64), browser.bytesOfHex(hex), node.bytesOfHex(hex)])
        expect(Uint8Array.from(made)).toEqual(bytes)
    }),
  )
})
