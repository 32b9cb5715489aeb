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

test('an unknown group is refused before anything is changed', async () => {
  writeFileSync(path, '[Interface]\n# SocketGroup = no-such-group\n')
  await expect(readTunnel(location, 'wgq', true)).rejects.toMatchObject({
    message: 'SocketGroup takes a group of /etc/group or its number, found "no-such-group"',
    at: { file: path, line: 2 },
  })
  await expect(readTunnel(location, 'wgq')).resolves.toMatchObject({ name: 'wg0' })
})

test('the reason for ignoring a file shows no key', async () => {
  const [half, rest] = ['eHV2d3h5emFiY2RlZmdo', 'aWprbG1ub3BxcnN0dXZ3eHk=']
  writeFileSync(path, `[Interface]\nSaveConfig = ${half} ${rest}\n`)
  const said: string[] = []
  await readTunnelToEnd(location, 'wgq', (line) => void said.push(line))
  expect(said.join('')).toContain('is neither true nor false')
  expect(said.join('')).not.toContain(half)
  expect(said.join('')).not.toContain(rest)
})

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
