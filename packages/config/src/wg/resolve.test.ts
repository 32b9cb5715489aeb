// SPDX-License-Identifier: MIT

import { parseIp } from '@wgq/model/ip'
import { expect, test } from 'vitest'
import { canonicalZone, LookupFailure, nameUnknown, systemLookup } from './lookup.ts'
import { glibcPort } from './port.ts'
import { resolveEndpoint } from './resolve.ts'

const again = new LookupFailure('Temporary failure in name resolution', false)

const settings = (answers: (LookupFailure | string)[], retries?: string) => {
  const log: string[] = []
  return {
    log,
    settings: {
      ports: glibcPort(() => undefined),
      retries,
      warn: (line: string) => log.push(line),
      sleep: async (milliseconds: number) => {
        log.push(`sleep ${milliseconds}`)
      },
      lookup: async () => {
        const answer = answers.shift() ?? again
        if (answer instanceof LookupFailure) throw answer
        return { family: 4 as const, address: answer }
      },
    },
  }
}

test('temporary failures are tried again, with a line and a pause each', async () => {
  const { log, settings: given } = settings([again, again, '192.0.2.7'])
  expect(await resolveEndpoint('host:5', given)).toEqual({ family: 4, address: '192.0.2.7', port: 5 })
  expect(log).toEqual([
    "Temporary failure in name resolution: `host:5'. Trying again in 1.00 seconds...",
    'sleep 1000',
    "Temporary failure in name resolution: `host:5'. Trying again in 1.20 seconds...",
    'sleep 1200',
  ])
})

test('an unknown name is final, an unknown port name is not', async () => {
  const unknown = settings([nameUnknown])
  await expect(resolveEndpoint('host:5', unknown.settings)).rejects.toMatchObject({
    wgText: "Name or service not known: `host:5'",
  })
  expect(unknown.log).toEqual([])
  const port = settings([], '1')
  await expect(resolveEndpoint('192.0.2.1:nosuch', port.settings)).rejects.toMatchObject({
    wgText: "Servname not supported for ai_socktype: `192.0.2.1:nosuch'",
  })
  expect(port.log).toHaveLength(2)
})

test('a start that may go on leaves an endpoint open after four seconds; a name that does not exist stays an error', async () => {
  const { log, settings: given } = settings([])
  expect(await resolveEndpoint('host:5', { ...given, mayWait: true })).toBeUndefined()
  expect(log.filter((line) => line.startsWith('sleep'))).toEqual(['sleep 1000', 'sleep 1200', 'sleep 1440'])
  expect(log.at(-1)).toMatch(/^\[!\] .*host:5.*wgq watch --reresolve$/)
  await expect(
    resolveEndpoint('host:5', { ...settings([nameUnknown]).settings, mayWait: true }),
  ).rejects.toMatchObject({ code: 'E_VALUE' })
})

test('a bad number of retries is found even for a numeric endpoint', async () => {
  await expect(resolveEndpoint('192.0.2.1:5', settings([], 'x').settings)).rejects.toMatchObject({
    code: 'E_ENVIRONMENT',
  })
})

test.each([
  ['[fe80::1', "Unable to find matching brace of endpoint: `[fe80::1'"],
  ['[fe80::1]5', "Unable to find port of endpoint: `[fe80::1]5'"],
  ['host', "Unable to find port of endpoint: `host'"],
  ['host:', "Unable to find port of endpoint: `host:'"],
  ['', 'Unable to parse empty endpoint'],
])('%j', async (value, wgText) => {
  await expect(resolveEndpoint(value, settings([]).settings)).rejects.toMatchObject({ wgText })
})

test.each([
  ['fe80::1', 'eth0', 'eth0'],
  ['fe80::1', '2', 'eth0'],
  ['fe80::1', '77', '77'],
  ['fe80::1', 'nosuch', undefined],
  ['2001:db8::1', 'eth0', undefined],
  ['2001:db8::1', '2', '2'],
  ['ff02::1', 'eth0', 'eth0'],
])('zone of %s%%%s is %s', (address, zone, expected) => {
  const bytes = parseIp(address) as Uint8Array
  expect(canonicalZone(bytes, zone, [{ name: 'eth0', index: 2 }])).toBe(expected)
})

test.each(['a'.repeat(256), 'a'.repeat(5000), 'xn--a'])(
  'what can be no name is unknown for good: %.9s',
  async (host) => {
    await expect(systemLookup(host)).rejects.toBe(nameUnknown)
  },
)
