// SPDX-License-Identifier: MIT
import { type Key, keyFromBytes, parseKey, zeroKey } from '@wgq/model/key'
import { expect, test } from 'vitest'
import { derivePublicKey as inBrowser } from './browser/derive.ts'
import { derivePublicKey } from './derive.ts'

test.each<[string, Key, string]>([
  [
    'a clamped key',
    parseKey('cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo='),
    '4IUzPqubfRlDIYinPVHESUOS0ogYfx60SsfyAaj1rW4=',
  ],
  ['all ones', keyFromBytes(Buffer.alloc(32, 0xff)), 'hHwNLDdSNPNl5mCVUYejc1oPdhPRYJ06ak2MU66qWiI='],
  ['zero', zeroKey, 'L+V9o0fNYkMVKNqsX7spBzD/9oSvxM/C7ZCZX1jLO3Q='],
])('public key of %s (spec wg §8)', (_name, privateKey, publicKey) => {
  expect(derivePublicKey(privateKey)).toBe(publicKey)
  expect(inBrowser(privateKey)).toBe(publicKey)
})
