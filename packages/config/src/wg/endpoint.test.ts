// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { lint } from '../lint/lint.ts'
import { strangeInHost } from './endpoint.ts'

test.each([
  ['vpn.example.com', undefined],
  ['a_b-c.example.', undefined],
  ['bücher.example', undefined],
  ['192.0.2.1', undefined],
  ['fe80::1%eth0.5', undefined],
  ['*', '*'],
  ['*.example.com', '*'],
  ['a b', ' '],
  ['me@vpn.example.com', '@'],
  ['vpn.example.com/x', '/'],
  ['%', '%'],
  ['"vpn"', '"'],
])('in the host %j nobody has %j', (host, strange) => {
  expect(strangeInHost(host)).toBe(strange)
})

test('lint says so before the name is looked up in vain', () => {
  const text =
    '[Peer]\nPublicKey = Mm3d+dtiB33uDWxGCXbu9bz59KoluSkxzUKjacYul2k=\nEndpoint = *.example.com:51820\n'
  const found = lint([{ file: 'wg0.conf', text, purpose: 'setconf' }], {
    publicKey: (key) => key,
    shellFaults: () => [],
  })
  expect(found).toContainEqual(
    expect.objectContaining({
      code: 'bad-endpoint',
      severity: 'warning',
      at: { file: 'wg0.conf', line: 3, column: 12 },
    }),
  )
})
