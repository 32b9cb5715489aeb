// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { isDomain } from './dns-domain.ts'

test.each(['corp.example', 'lan', 'a-b_c.example.', '~corp.example', '~.', 'bücher.example'])(
  '%s is one',
  (word) => {
    expect(isDomain(word)).toBe(true)
  },
)

const wrong = [
  'https://dns.example/dns-query',
  'tls://1.1.1.1',
  '1.1.1.1:53',
  '10.9.0.1#dns',
  '~',
  'a..b',
  '.a',
  '*.corp',
]
test.each(wrong)('%s is none', (word) => {
  expect(isDomain(word)).toBe(false)
})
