// SPDX-License-Identifier: MIT
import { parseCidr } from '@wgq/model/cidr'
import { expect, test } from 'vitest'
import { openbsdDialect } from '../openbsd/dialect.ts'
import { BsdHost } from './host.ts'
import { holdsPrefix } from './route-get.ts'

const shown = (destination: string, mask?: string) =>
  `   route to: x\ndestination: ${destination}\n${mask === undefined ? '' : `       mask: ${mask}\n`}  interface: wg0\n`

test.each([
  ['10.0.0.0/8', shown('10.0.0.0', '255.0.0.0'), true],
  ['10.1.0.0/16', shown('10.0.0.0', '255.0.0.0'), true],
  ['10.0.0.0/8', shown('10.0.0.0', '255.255.0.0'), false],
  ['10.0.0.0/8', shown('10.0.0.0'), false],
  ['10.0.0.1/32', shown('10.0.0.1'), true],
  ['10.0.0.0/8', shown('default', 'default'), true],
  ['fd00::/64', shown('fd00::', 'ffff:ffff:ffff:ffff::'), true],
  ['fd00::/48', shown('fd00::', 'ffff:ffff:ffff:ffff::'), false],
])('%s', (prefix, text, holds) => {
  const cidr = parseCidr(prefix)
  expect(cidr && holdsPrefix(text, cidr)).toBe(holds)
})

test.each([
  ['10.0.0.1/32', '10.0.0.1'],
  ['fd00::1/128', 'fd00::1'],
  ['fd00::/64', 'fd00::/64'],
])('%s is asked for as %s', async (prefix, asked) => {
  const calls: (readonly string[])[] = []
  const runner = {
    run: async (argv: readonly string[]) => {
      calls.push(argv)
      return { status: 0, stdout: shown('default', 'default'), stderr: '' }
    },
  }
  const host = new BsdHost(openbsdDialect, runner, () => 1)
  expect((await host.routeTo(prefix))?.dev).toBe('wg0')
  expect(calls[0]?.at(-1)).toBe(asked)
})
