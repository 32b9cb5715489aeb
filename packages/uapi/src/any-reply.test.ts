// SPDX-License-Identifier: MIT
import { isWgqError } from '@wgq/model/error'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { GetReplyReader } from './get-reply.ts'
import { LineSplitter } from './line-splitter.ts'
import { SetReplyReader } from './set-reply.ts'

const runs = 10_000
const hex = '07'.repeat(32)

const line = fc.oneof(
  fc.constantFrom(
    `private_key=${hex}`,
    `public_key=${hex}`,
    'listen_port=5',
    'errno=0',
    'errno=-5',
    'allowed_ip=::/0',
  ),
  fc.constantFrom(
    'endpoint=[fe80::1%lo]:5',
    'rx_bytes=18446744073709551615',
    'last_handshake_time_sec=1',
    '',
    'x',
    '=',
  ),
  fc
    .tuple(
      fc.constantFrom(
        'private_key',
        'public_key',
        'listen_port',
        'fwmark',
        'endpoint',
        'allowed_ip',
        'errno',
        'rx_bytes',
      ),
      fc.string({ unit: 'binary', maxLength: 80 }),
    )
    .map(([key, value]) => `${key}=${value}`),
)
const reply = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.array(line, { maxLength: 15 }).map((lines) => Buffer.from(`${lines.join('\n')}\n\n`)),
)

/** Feeds a reply in pieces; returns the outcome as text, or throws an error that is not a WgqError. */
const read = (reader: GetReplyReader | SetReplyReader, bytes: Buffer, pieceLength: number): string => {
  const lines = new LineSplitter((text) => reader.line(text))
  try {
    for (let at = 0; at < bytes.length; at += pieceLength) lines.push(bytes.subarray(at, at + pieceLength))
    if (!lines.done) return 'unfinished'
    return JSON.stringify(reader.finish(), (_key, value) => (typeof value === 'bigint' ? `${value}n` : value))
  } catch (error) {
    if (!isWgqError(error)) throw error
    return `${error.code} ${error.errno}`
  }
}

test('any reply in pieces of any length reads the same, or raises EPROTO', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(reply, fc.integer({ min: 1, max: 50 }), fc.boolean(), (bytes, pieceLength, get) => {
      const fresh = () => (get ? new GetReplyReader('wg0') : new SetReplyReader())
      const whole = read(fresh(), bytes, bytes.length || 1)
      expect(read(fresh(), bytes, pieceLength)).toBe(whole)
      if (whole.startsWith('E_')) expect(whole).toBe('E_DEVICE EPROTO')
      seen.add(whole.slice(0, 3))
    }),
    { numRuns: runs },
  )
  expect([...seen]).toEqual(expect.arrayContaining(['E_D', 'unf', '{"d']))
})
