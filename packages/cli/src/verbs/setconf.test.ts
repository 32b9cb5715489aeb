// SPDX-License-Identifier: MIT
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Invocation } from '../command.ts'
import { run } from './setconf.ts'

const folder = mkdtempSync(join(tmpdir(), 'wgq-setconf-'))
afterAll(() => rmSync(folder, { recursive: true }))

const text = '[Interface]\nListenPort = 51820\n'
const calling = (verb: string, path: string) =>
  run({ verb, args: ['wg0', path], personality: 'wgq', program: 'wgq' } as unknown as Invocation)

test.each([
  ['a directory', undefined, { code: 'E_FILE', message: expect.stringContaining('Is a directory') }],
  [
    'UTF-16',
    Buffer.from(text, 'utf16le'),
    { code: 'E_ENCODING', message: expect.stringContaining('UTF-16LE') },
  ],
  ['a byte-order mark', `\ufeff${text}`, { code: 'E_ENCODING' }],
  ['CR alone', text.replaceAll('\n', '\r'), { code: 'E_ENCODING' }],
])('%s is refused before the device is asked', async (_, bytes, expected) => {
  const path = bytes === undefined ? folder : join(folder, 'a.conf')
  if (bytes !== undefined) writeFileSync(path, bytes)
  for (const verb of ['setconf', 'addconf', 'syncconf']) {
    await expect(calling(verb, path)).rejects.toMatchObject(expected)
  }
})
