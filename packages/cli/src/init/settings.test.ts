// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import { givenSettings } from './settings.ts'

const read = (option: string, value: string) =>
  givenSettings({ operands: ['wg0'], flags: new Set(), values: new Map([[option, [value]]]) })

test.each([
  ['address', '10.8.0.1/24, fd08::1/64 10.8.0.1/24', { addresses: ['10.8.0.1/24', 'fd08::1/64'] }],
  ['port', '443', { port: 443 }],
  ['endpoint', ' vpn.example.net ', { endpoint: 'vpn.example.net' }],
  ['nat', '', { nat: 'auto' }],
  ['nat', 'eth0.7', { nat: 'eth0.7' }],
  ['dns', '9.9.9.9, corp.example', { dns: '9.9.9.9, corp.example' }],
])('--%s %j', (option, value, expected) => {
  expect(read(option, value)).toEqual(expected)
})

test.each([
  ['address', '10.8.0.1'],
  ['address', ''],
  ['address', '10.8.0.1/24;x'],
  ['address', '10.8.0.0/24'],
  ['address', '10.8.0.1/24, 10.9.0.255/24'],
  ['address', '::1/64'],
  ['address', '0.0.0.0/0'],
  ['address', '10.8.0.1/24\nPostUp = id'],
  ['port', '65536'],
  ['port', '1.5'],
  ['endpoint', ' '],
  ['nat', 'eth0\nPostUp = id'],
  ['nat', '../eth0'],
  ['dns', ''],
  ['dns', '1.1.1'],
  ['dns', '9.9.9.9, 10.8'],
  ['dns', '300.1.1.1'],
  ['dns', 'not a name'],
  ['dns', '9.9.9.9\nPostUp = id'],
  ['dns', '9.9.9.9\n'],
])('--%s %j is refused', (option, value) => {
  expect(() => read(option, value)).toThrow(
    expect.objectContaining({
      code: 'E_USAGE',
      message: expect.stringMatching(`^--${option} takes [^\n]*$`),
    }),
  )
})
