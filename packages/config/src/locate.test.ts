// SPDX-License-Identifier: MIT
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { configDirectories, locate, worldAccessibleWarning } from './locate.ts'

let directory: string
beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'wgq-locate-')))
})
afterEach(() => rmSync(directory, { recursive: true }))

const file = (name: string, mode = 0o600): string => {
  const path = join(directory, name)
  writeFileSync(path, '')
  chmodSync(path, mode)
  return path
}

test('a name is looked for in every directory, a path is taken as it is', () => {
  const path = file('wg0.conf')
  const found = { interfaceName: 'wg0', path, worldAccessible: false }
  expect(locate('wg0', ['/nowhere', directory])).toEqual(found)
  expect(locate(path)).toEqual(found)
})

test.each([
  ['wg0', "`/b/wg0.conf' does not exist"],
  ['wg0.conf', "`/b/wg0.conf.conf' does not exist"],
  ['abcdefghijklmnop', "`abcdefghijklmnop' does not exist"],
  ['./nope/wg0.conf', "`./nope/wg0.conf' does not exist"],
  ['', "`' does not exist"],
])('says what does not exist: %j', (argument, message) => {
  expect(() => locate(argument, ['/a', '/b'])).toThrow(
    expect.objectContaining({ code: 'E_CONFIG_MISSING', message }),
  )
})

test('refuses a file whose name is not an interface name', () => {
  const path = file('this-name-is-far-too-long.conf')
  expect(() => locate(path)).toThrow(expect.objectContaining({ code: 'E_CONFIG_NAME' }))
})

test('a link gives the name, its target the path', () => {
  const target = file('target-name-that-is-very-long.conf')
  symlinkSync(target, join(directory, 'vpn.conf'))
  expect(locate('vpn', [directory])).toEqual({ interfaceName: 'vpn', path: target, worldAccessible: false })
})

test.each([
  [0o644, 0o755, true],
  [0o644, 0o700, false],
  [0o600, 0o755, false],
  [0o604, 0o701, false],
  [0o601, 0o701, true],
])('file %o in directory %o: world accessible %s', (fileMode, directoryMode, expected) => {
  const inner = join(directory, 'etc')
  mkdirSync(inner)
  const path = file('etc/wg0.conf', fileMode)
  chmodSync(inner, directoryMode)
  expect(locate(path).worldAccessible).toBe(expected)
  expect(worldAccessibleWarning(path)).toBe(`Warning: \`${path}' is world accessible`)
})

test('the warning shows control characters of a path as signs', () => {
  expect(worldAccessibleWarning('/a\x1b[2J/w.conf')).toBe("Warning: `/a\u241b[2J/w.conf' is world accessible")
})

test('each system has its directories', () => {
  expect(configDirectories('linux')).toEqual(['/etc/wireguard'])
  expect(configDirectories('openbsd')).toEqual(['/etc/wireguard'])
  expect(configDirectories('freebsd')).toEqual(['/etc/wireguard', '/usr/local/etc/wireguard'])
})
