// SPDX-License-Identifier: MIT
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { replaceResolverFile, restoreResolverFile } from './file.ts'
import { chooseManager, type DnsView } from './manager.ts'
import { resolvconfPrefix, resolverLines } from './resolvconf.ts'

let directory: string
let file: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wgq-dns-'))
  file = join(directory, 'resolv.conf')
})
afterEach(() => rmSync(directory, { recursive: true }))

test('what resolvconf reads', () => {
  expect(resolverLines(['10.0.0.1', 'fd00::1'], [])).toBe('nameserver 10.0.0.1\nnameserver fd00::1\n')
  expect(resolverLines(['10.0.0.1'], ['a.example', 'b.example'])).toBe(
    'nameserver 10.0.0.1\nsearch a.example b.example\n',
  )
})

describe('prefix of resolvconf', () => {
  const order = '# order\nlo.inet6\nlo.*\nlo\ntun*\ntap*\n'

  test('is the first pattern of the file', () => {
    writeFileSync(file, order)
    expect(resolvconfPrefix('/bin/sh-that-is-no-link', file)).toBe('tun.')
    expect(resolvconfPrefix(undefined, file)).toBe('tun.')
  })

  test('is none where resolvconf is a link, or the file is none', () => {
    writeFileSync(file, order)
    symlinkSync('/usr/bin/resolvectl', join(directory, 'resolvconf'))
    expect(resolvconfPrefix(join(directory, 'resolvconf'), file)).toBe('')
    expect(resolvconfPrefix(undefined, directory)).toBe('')
    expect(resolvconfPrefix(undefined, join(directory, 'none'))).toBe('')
  })
})

test.each<[string, DnsView, object]>([
  [
    'resolvconf first',
    { resolvconf: '/sbin/resolvconf', prefix: 'tun.', resolved: true, writable: true },
    { manager: 'resolvconf:tun.' },
  ],
  ['then systemd-resolved', { prefix: '', resolved: true, writable: true }, { manager: 'resolvectl' }],
  ['then the file', { prefix: '', resolved: false, writable: true }, { manager: 'file:/etc/resolv.conf' }],
  [
    'else nobody',
    { prefix: '', resolved: false, writable: false },
    { none: expect.stringContaining('read-only') },
  ],
])('manager: %s', (_, view, choice) => {
  expect(chooseManager(view)).toEqual(choice)
})

describe('the file itself', () => {
  const lines = 'nameserver 10.0.0.1\n'

  test('comes back as it was', () => {
    writeFileSync(file, 'nameserver 192.0.2.1\n')
    replaceResolverFile(file, 'wg0', lines)
    expect(readFileSync(file, 'utf8')).toMatch(/^# Written by wgq for wg0\.\n# .*\nnameserver 10\.0\.0\.1\n$/)
    restoreResolverFile(file, 'wg0')
    expect(readFileSync(file, 'utf8')).toBe('nameserver 192.0.2.1\n')
    expect(readdirSync(directory)).toEqual(['resolv.conf'])
  })

  test('a link comes back as a link, its target untouched', () => {
    writeFileSync(join(directory, 'stub'), 'nameserver 127.0.0.53\n')
    symlinkSync('stub', file)
    replaceResolverFile(file, 'wg0', lines)
    expect(lstatSync(file).isSymbolicLink()).toBe(false)
    restoreResolverFile(file, 'wg0')
    expect(readlinkSync(file)).toBe('stub')
    expect(readFileSync(file, 'utf8')).toBe('nameserver 127.0.0.53\n')
  })

  test('one that was not there goes', () => {
    replaceResolverFile(file, 'wg0', lines)
    restoreResolverFile(file, 'wg0')
    expect(readdirSync(directory)).toEqual([])
  })

  test.each([
    ['wg0', 'wg1', 'wg2'],
    ['wg1', 'wg0', 'wg2'],
    ['wg2', 'wg0', 'wg1'],
    ['wg0', 'wg2', 'wg1'],
  ])('three tunnels, going in the order %s %s %s', (...order) => {
    writeFileSync(file, 'first\n')
    for (const dev of ['wg0', 'wg1', 'wg2']) replaceResolverFile(file, dev, `nameserver ${dev}\n`)
    const left = ['wg0', 'wg1', 'wg2']
    for (const dev of order) {
      restoreResolverFile(file, dev)
      left.splice(left.indexOf(dev), 1)
      const last = left.at(-1)
      expect(readFileSync(file, 'utf8')).toContain(last === undefined ? 'first\n' : `nameserver ${last}\n`)
    }
    expect(readdirSync(directory)).toEqual(['resolv.conf'])
  })

  test('what somebody else wrote since stays', () => {
    writeFileSync(file, 'first\n')
    replaceResolverFile(file, 'wg0', lines)
    writeFileSync(file, 'by dhclient\n')
    restoreResolverFile(file, 'wg0')
    expect(readFileSync(file, 'utf8')).toBe('by dhclient\n')
    expect(readdirSync(directory)).toEqual(['resolv.conf'])
  })

  test('what a killed run left half done is cleared away', () => {
    writeFileSync(file, 'first\n')
    writeFileSync(`${file}.wgq-wg0`, 'first\n')
    writeFileSync(`${file}.wgq.123`, 'half')
    restoreResolverFile(file, 'wg0')
    expect(readFileSync(file, 'utf8')).toBe('first\n')
    expect(readdirSync(directory)).toEqual(['resolv.conf'])
  })
})
