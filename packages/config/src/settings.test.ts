// SPDX-License-Identifier: MIT
import { isWgqError } from '@wgq/model/error'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Setting } from './settings.ts'
import { readSettings } from './settings.ts'

const read = (...lines: string[]) => readSettings(['[Interface]', ...lines, ''].join('\n'), 'wg0.conf')
const values = (settings: readonly Setting[]) => settings.map((setting) => setting.value)

describe('addresses and DNS', () => {
  test('split at commas and white space, and accumulate', () => {
    const settings = read('Address = 10.0.0.2/24, fd00::2/64', 'ADDRESS=10.9.0.1,,\t10.9.0.2', 'Address =')
    expect(values(settings.addresses)).toEqual(['10.0.0.2/24', 'fd00::2/64', '10.9.0.1', '10.9.0.2'])
  })

  test('without "=" the whole line is the value', () => {
    expect(values(read('Address # later').addresses)).toEqual(['Address'])
  })

  test('tell servers from search domains', () => {
    const settings = read('DNS = 10.0.0.1, fd00::1, example.com,corp.example', 'DNS = 1.2, ~corp')
    expect(values(settings.dnsServers)).toEqual(['10.0.0.1', 'fd00::1', '1.2'])
    expect(values(settings.dnsSearch)).toEqual(['example.com', 'corp.example', '~corp'])
  })
})

test('the last MTU and Table win, an empty one unsets', () => {
  expect(read('MTU = 1300', 'MTU = 1301#x').mtu?.value).toBe('1301')
  expect(read('MTU = 1300', 'MTU =').mtu).toBeUndefined()
  expect(read('Table = OFF').table?.value).toBe('OFF')
  expect(read('Table = 5', 'Table = # none').table).toBeUndefined()
})

test('hooks keep "#", quotes and order; other values are cut at "#"', () => {
  const { hooks } = read('PostUp = echo "# a" # b', 'postup=', 'PostUp # x = y', 'PreDown = iptables -A = B')
  expect(values(hooks.postUp)).toEqual(['echo "# a" # b', '', 'y'])
  expect(values(hooks.preDown)).toEqual(['iptables -A = B'])
  expect(values(hooks.preUp)).toEqual([])
})

describe('SaveConfig', () => {
  test('takes any letter case', () => {
    expect(read('SaveConfig = TRUE').saveConfig).toBe(true)
    expect(read('SaveConfig = true', 'saveconfig=False # no').saveConfig).toBe(false)
  })

  test.each([
    ['SaveConfig = yes', "`yes'"],
    ['SaveConfig # true', "`SaveConfig'"],
    ['SaveConfig =', "`'"],
  ])('refuses %s', (line, quoted) => {
    const message = `${quoted} is neither true nor false`
    expect(() => read(line)).toThrow(expect.objectContaining({ code: 'E_SAVE_CONFIG', message }))
  })
})

test('keys count only in the interface section, which may come again', () => {
  const settings = readSettings(
    'MTU = 1\n[Peer]\nAddress = 10.0.0.1\n[interface] # again\nAddress = 10.0.0.2\n[ Interface ]\nMTU = 2\n',
    'wg0.conf',
  )
  expect(values(settings.addresses)).toEqual(['10.0.0.2'])
  expect(settings.mtu).toBeUndefined()
})

test('positions are those of the file, blanks and carriage returns included', () => {
  const settings = readSettings('[Interface]\r\n \tDNS = 10.0.0.1,  corp\r\nPostUp=a b\r\n', 'x.conf')
  expect(settings.dnsServers[0]).toEqual({ value: '10.0.0.1', at: { file: 'x.conf', line: 2, column: 9 } })
  expect(settings.dnsSearch[0]).toEqual({ value: 'corp', at: { file: 'x.conf', line: 2, column: 20 } })
  expect(settings.hooks.postUp[0]).toEqual({ value: 'a b', at: { file: 'x.conf', line: 3, column: 8 } })
})

test('never fails except for SaveConfig', () => {
  const piece = fc.constantFrom(
    '[',
    ']',
    '=',
    '#',
    '\n',
    '\r',
    '\0',
    ' ',
    'Interface',
    'Address',
    'PostUp',
    'DNS',
    'é',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string())), (pieces) => {
      try {
        readSettings(pieces.join(''), 'x.conf')
      } catch (error) {
        expect(isWgqError(error)).toBe(true)
      }
    }),
  )
})
