// SPDX-License-Identifier: MIT
import { isWgqError } from '@wgq/model/error'
import { zeroKey } from '@wgq/model/key'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { WgContext } from './context.ts'
import { splitEndpoint } from './endpoint.ts'
import { glibcPort } from './port.ts'
import { readSetArguments } from './read-arguments.ts'
import { readWgFile } from './read-file.ts'

// Every input must give a result, or a WgqError with a text for wg.
const runs = 10_000

const context: WgContext = {
  ports: glibcPort((name) => (name === 'domain' ? 53 : undefined)),
  warn: () => {},
  resolve: async (value) => {
    splitEndpoint(value)
    return { family: 4, address: '192.0.2.1', port: 1 }
  },
}

const outcome = async (action: () => Promise<unknown>): Promise<string> => {
  try {
    await action()
    return 'fine'
  } catch (error) {
    if (!isWgqError(error)) throw error
    return error.wgText === undefined || error.wgText === '' ? `no text: ${error.message}` : 'fine'
  }
}

const line = fc.oneof(
  fc.constantFrom(
    '[Interface]',
    '[Peer]',
    '# x',
    '',
    'ListenPort = 51820',
    'FwMark = 0x1f',
    `PrivateKey = ${zeroKey}`,
  ),
  fc.constantFrom(
    `PublicKey=${zeroKey}`,
    'AllowedIPs = 10.0.0.0/8, +fd00::/8',
    'Endpoint = [::1]:5',
    'PersistentKeepalive=off',
  ),
  fc
    .tuple(
      fc.constantFrom(
        'ListenPort',
        'FwMark',
        'PrivateKey',
        'PublicKey',
        'AllowedIPs',
        'Endpoint',
        'PersistentKeepalive',
        'X',
      ),
      fc.string({ unit: 'binary' }),
    )
    .map(([key, value]) => `${key} = ${value}`),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
)

test('any bytes as a configuration', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      const text = Buffer.from(bytes).toString('latin1')
      expect(await outcome(() => readWgFile(text, 'x.conf', context))).toBe('fine')
    }),
    { numRuns: runs },
  )
})

test('any lines as a configuration', async () => {
  let accepted = 0
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 12 }), async (lines) => {
      const text = lines.join('\n')
      expect(await outcome(() => readWgFile(text, 'x.conf', context).then(() => accepted++))).toBe('fine')
    }),
    { numRuns: runs },
  )
  expect(accepted).toBeGreaterThan(100)
})

test('any words behind wg set', async () => {
  const word = fc.oneof(
    fc.constantFrom('listen-port', 'fwmark', 'private-key', 'peer', 'remove', 'preshared-key', 'endpoint'),
    fc.constantFrom(
      'persistent-keepalive',
      'allowed-ips',
      zeroKey,
      '10.0.0.0/8,-fd00::/8',
      '[::1]:5',
      '25',
      'off',
      '',
    ),
    fc.string({ unit: 'binary' }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 10 }), async (words) => {
      expect(await outcome(() => readSetArguments(words, context, () => zeroKey))).toBe('fine')
    }),
    { numRuns: runs },
  )
})
