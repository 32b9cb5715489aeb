// SPDX-License-Identifier: MIT
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WgqError } from '@wgq/model/error'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Session } from '../session.ts'
import { readConfiguration } from './read-configuration.ts'

const folder = mkdtempSync(join(tmpdir(), 'wgq-read-configuration-'))
const configPath = join(folder, 'wg0.conf')
const dropIn = join(`${configPath}.d`, 'a.conf')
beforeAll(() => {
  mkdirSync(`${configPath}.d`)
  writeFileSync(configPath, '[Interface]\nAddress = 10.9.0.1/24\n[Peer]\nPublicKey = k\n  Endpoint = a:1\n')
  writeFileSync(dropIn, '[Peer]\n\nEndpoint = b:1\n')
})
afterAll(() => rmSync(folder, { recursive: true }))

const text = '[Interface]\n[Peer]\nPublicKey = k\nEndpoint = a:1\n[Peer]\nEndpoint = b:1\nEndpoint = c:1\n'
const failingAt = (line: number) => {
  const error = new WgqError('E_VALUE', 'no address', {
    at: { file: '/dev/fd/63', line, column: 12 },
    hint: 'check the name',
    wgText: 'Name or service not known',
  })
  return { configPath, dependencies: { readWgConfig: () => Promise.reject(error) } } as unknown as Session
}

test.each([
  [4, { file: configPath, line: 5, column: 14 }],
  [6, { file: dropIn, line: 3, column: 12 }],
  // Not there any more.
  [7, { file: '/dev/fd/63', line: 7, column: 12 }],
])('line %i of the text for wg is at %j', async (line, at) => {
  await expect(readConfiguration(failingAt(line), text)).rejects.toMatchObject({
    code: 'E_VALUE',
    message: 'no address',
    at,
    hint: 'check the name',
    wgText: 'Name or service not known',
  })
})
