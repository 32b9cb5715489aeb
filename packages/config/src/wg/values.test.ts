// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest'
import { splitEndpoint } from './endpoint.ts'
import { glibcPort, parseServices, strictPort } from './port.ts'
import { readRetries, retryDelays } from './retry-policy.ts'
import { readFwmark, readKeepalive, readPort } from './values.ts'

const services = (name: string) =>
  parseServices('domain 53/tcp\ndomain 53/udp # x\nntp\t123/udp  network-time\nhttp 80/tcp\n').get(name)

describe('ports', () => {
  test.each([
    ['53', 53, 53],
    ['0053', 53, 53],
    ['+5', 5, undefined],
    ['65536', 0, undefined],
    ['99999', 34463, undefined],
    ['4294967297', 1, undefined],
    ['-1', undefined, undefined],
    ['0x10', undefined, undefined],
    ['5x', undefined, undefined],
    ['domain', 53, 53],
    ['network-time', 123, 123],
    ['http', undefined, undefined],
  ])('%s is %s to glibc and %s to wgq', (text, exact, strict) => {
    expect(glibcPort(services)(text)).toBe(exact)
    expect(strictPort(services)(text)).toBe(strict)
  })
})

test.each([
  ['off', 0],
  ['OFF', 0],
  ['010', 10],
  ['0xFf', 255],
  ['0xffffffff', 0xffffffff],
])('fwmark %s', (text, value) => {
  expect(readFwmark(text)).toBe(value)
})

test.each(['', '0X10', '0x', '0x100000000', '4294967296', '-1', '+1', '1 ', 'ofF '])(
  'fwmark %j is refused',
  (text) => {
    expect(() => readFwmark(text)).toThrow(
      expect.objectContaining({ wgText: `Fwmark is neither 0/off nor 0-0xffffffff: \`${text}'` }),
    )
  },
)

test.each([
  [() => readFwmark('0X10'), /, found "0X10"$/],
  [() => readKeepalive('25s'), /, found "25s"$/],
  [() => readPort('70000', strictPort(services)), /, found "70000"$/],
  [() => readPort('\x1b[2J', strictPort(services)), /, found 4 characters$/],
  [() => readFwmark('x'.repeat(1_000_000)), /, found 1000000 characters$/],
  [() => splitEndpoint('vpn.example.com'), /, found "vpn.example.com"$/],
  [() => splitEndpoint('[fd00::1:51820'), /, found "\[fd00::1:51820"$/],
])('%s says what it found', (read, says) => {
  expect(read).toThrow(says)
})

test('keepalive', () => {
  expect([readKeepalive('off'), readKeepalive('0025'), readKeepalive('65535')]).toEqual([0, 25, 65535])
  for (const text of ['', '65536', '25s', '0x19', '-1']) {
    expect(() => readKeepalive(text)).toThrow(expect.objectContaining({ code: 'E_VALUE' }))
  }
})

test('pauses between lookups grow by a fifth to 20 s; 15 of them take 72 s (spec wg §6.7)', () => {
  const delays = [...retryDelays(readRetries(undefined))]
  expect(delays.slice(0, 4)).toEqual([1_000_000, 1_200_000, 1_440_000, 1_728_000])
  expect(delays).toHaveLength(15)
  expect(Math.round(delays.reduce((a, b) => a + b) / 1e6)).toBe(72)
  expect(Math.max(...retryDelays(40))).toBe(20_000_000)
})

test('WG_ENDPOINT_RESOLUTION_RETRIES', () => {
  expect([readRetries(''), readRetries(' +3'), readRetries('infinity')]).toEqual([
    0,
    3,
    Number.POSITIVE_INFINITY,
  ])
  for (const text of ['x', '1x', '-1', '2147483648', 'Infinity', '0x1']) {
    expect(() => readRetries(text)).toThrow(expect.objectContaining({ code: 'E_ENVIRONMENT' }))
  }
})
