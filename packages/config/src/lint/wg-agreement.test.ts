// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs'
import type { Key } from '@wgq/model/key'
import { expect, test } from 'vitest'
import { decodeSource } from '../source.ts'
import { lint } from './lint.ts'

interface Recorded {
  name: string
  'input.conf': string | { latin1: string }
  exit: string
  stderr: string
}
const fixtures = new URL('../../../../test/fixtures/wg/wg-setconf.json', import.meta.url)
const recorded: Recorded[] = JSON.parse(readFileSync(fixtures, 'utf8'))

// Errors that depend on the machine: ports in use, names that do not resolve, refusals of a device.
const outside = /^(?:Unable to modify interface|.*(?:not known|No address|name resolution).*[a-z0-9])/m
const cases = recorded.filter((one) => one.exit.trim() === '0' || !outside.test(one.stderr))

test.each(cases)('lint --setconf has an error exactly where wg refused: $name', (one) => {
  const input = one['input.conf']
  const bytes = typeof input === 'string' ? Buffer.from(input) : Buffer.from(input.latin1, 'latin1')
  const { text } = decodeSource(bytes)
  const dependencies = { publicKey: (key: Key) => key, shellFaults: () => [] }
  const found = lint([{ file: 'wg0.conf', text, purpose: 'setconf' }], dependencies)
  const errors = found.filter(({ severity }) => severity === 'error').map(({ code }) => code)
  if (one.exit.trim() === '0') expect(errors).toEqual([])
  else expect(errors).not.toEqual([])
})
