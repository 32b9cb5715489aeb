// SPDX-License-Identifier: MIT
import { parseEndpoint } from '@wgq/model/endpoint'
import { endpointRecordBytes } from '@wgq/native/engine'
import { expect, test } from 'vitest'
import { decodeEndpoint, encodeEndpoint, sourceAddress, sourceInterface } from './endpoint-record.ts'

const indexOf = (name: string) => (name === 'eth0' ? 3 : undefined)
const nameOf = (index: number) => (index === 3 ? 'eth0' : undefined)

test.each(['192.0.2.1:51820', '[2001:db8::1]:1', '[fe80::1%eth0]:65535'])('%s survives', (text) => {
  const endpoint = parseEndpoint(text)
  const record = endpoint && encodeEndpoint(endpoint, indexOf)
  expect(record).toHaveLength(endpointRecordBytes)
  expect(record && decodeEndpoint(record, nameOf)).toEqual(endpoint)
})

test('a zone may be a number, and must be an interface otherwise', () => {
  const record = encodeEndpoint({ family: 6, address: 'fe80::1', port: 1, zone: '9' }, indexOf)
  expect(record && decodeEndpoint(record, nameOf).zone).toBe('9')
  expect(encodeEndpoint({ family: 6, address: 'fe80::1', port: 1, zone: 'nope' }, indexOf)).toBeUndefined()
})

test('the source of a record', () => {
  const record = Buffer.alloc(endpointRecordBytes)
  expect([sourceAddress(record), sourceInterface(record)]).toEqual([undefined, 0])
  record[24] = 4
  record.writeUInt32LE(7, 28)
  record.set([192, 0, 2, 9], 32)
  expect(sourceAddress(record)).toEqual(Buffer.of(192, 0, 2, 9))
  expect(sourceInterface(record)).toBe(7)
})
