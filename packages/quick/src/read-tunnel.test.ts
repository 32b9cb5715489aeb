// SPDX-License-Identifier: MIT
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readTunnel, readTunnelToEnd } from './read-tunnel.ts'

const folder = mkdtempSync(join(tmpdir(), 'wgq-read-tunnel-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'wg0.conf')
const location = { interfaceName: 'wg0', path, worldAccessible: false }
const text = '[Interface]\nAddress = 10.9.0.1/24\n'

test.each([
  ['UTF-16', Buffer.from(text, 'utf16le')],
  ['a byte-order mark', `\ufeff${text}`],
])('a file in another encoding is not misread by any verb: %s', async (_, bytes) => {
  writeFileSync(path, bytes)
  await expect(readTunnel(location, 'wgq')).rejects.toMatchObject({ code: 'E_ENCODING' })
  const said: string[] = []
  const tunnel = await readTunnelToEnd(location, 'wgq', (line) => void said.push(line))
  expect(tunnel.settings.addresses).toEqual([])
  expect(said.join('')).toContain('has to be UTF-8')
})
