// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { backupPath, readResolverFile, replaceResolverFile, restoreResolverFile } from './file.ts'
import { chooseManager, type DnsView } from './manager.ts'
import { nameServers, ownNameServers } from './name-servers.ts'
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
    { resolvconf: 'openresolv', prefix: 'tun.', resolved: true, writable: true },
    { manager: 'resolvconf:tun.' },
  ],
  [
    "systemd's own name for resolvectl does not count",
    { resolvconf: 'systemd', prefix: '', resolved: true, writable: true },
    { manager: 'resolvectl' },
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
  const lines = { servers: ['10.0.0.1'], search: [] }

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
    for (const dev of ['wg0', 'wg1', 'wg2']) replaceResolverFile(file, dev, { servers: [dev], search: [] })
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

  test('other name servers of the same tunnel: the first backup comes back', () => {
    writeFileSync(file, 'first\n')
    replaceResolverFile(file, 'wg0', lines)
    replaceResolverFile(file, 'wg0', { servers: ['10.0.0.2'], search: ['a.example'] })
    expect(readResolverFile(file, 'wg0')).toEqual({ servers: ['10.0.0.2'], search: ['a.example'] })
    expect(readFileSync(backupPath(file, 'wg0'), 'utf8')).toBe('first\n')
    restoreResolverFile(file, 'wg0')
    expect(readFileSync(file, 'utf8')).toBe('first\n')
    expect(readdirSync(directory)).toEqual(['resolv.conf'])
  })

  test('the lower one of two tunnels changes where it is', () => {
    writeFileSync(file, 'first\n')
    for (const dev of ['wg0', 'wg1']) replaceResolverFile(file, dev, { servers: [dev], search: [] })
    replaceResolverFile(file, 'wg0', { servers: ['new'], search: [] })
    expect(readFileSync(file, 'utf8')).toContain('nameserver wg1\n')
    expect(readResolverFile(file, 'wg0')).toEqual({ servers: ['new'], search: [] })
    restoreResolverFile(file, 'wg1')
    expect(readFileSync(file, 'utf8')).toContain('nameserver new\n')
    restoreResolverFile(file, 'wg0')
    expect(readFileSync(file, 'utf8')).toBe('first\n')
    expect(readdirSync(directory)).toEqual(['resolv.conf'])
  })

  test.each(['in place', 'by rename'])('what somebody else writes %s is the new original', (way) => {
    writeFileSync(file, 'first\n')
    replaceResolverFile(file, 'wg0', lines)
    if (way === 'in place') writeFileSync(file, 'by dhclient\n')
    else {
      writeFileSync(join(directory, 'new'), 'by dhclient\n')
      renameSync(join(directory, 'new'), file)
    }
    expect(readResolverFile(file, 'wg0')).toBeUndefined()
    replaceResolverFile(file, 'wg0', lines)
    expect(readResolverFile(file, 'wg0')).toEqual(lines)
    restoreResolverFile(file, 'wg0')
    expect(readFileSync(file, 'utf8')).toBe('by dhclient\n')
    expect(readdirSync(directory)).toEqual(['resolv.conf'])
  })

  describe.each([
    ['deletes', () => rmSync(file)],
    ['empties', () => writeFileSync(file, '\n')],
  ])('a file that somebody else %s', (_, lose) => {
    test('is no new original', () => {
      writeFileSync(file, 'first\n')
      replaceResolverFile(file, 'wg0', lines)
      lose()
      expect(readResolverFile(file, 'wg0')).toBeUndefined()
      replaceResolverFile(file, 'wg0', lines)
      restoreResolverFile(file, 'wg0')
      expect(readFileSync(file, 'utf8')).toBe('first\n')
      expect(readdirSync(directory)).toEqual(['resolv.conf'])
    })

    test('comes back when the last of two tunnels goes', () => {
      writeFileSync(file, 'first\n')
      for (const dev of ['wg0', 'wg1']) replaceResolverFile(file, dev, { servers: [dev], search: [] })
      lose()
      for (const dev of ['wg0', 'wg1']) restoreResolverFile(file, dev)
      expect(readFileSync(file, 'utf8')).toBe('first\n')
      expect(readdirSync(directory)).toEqual(['resolv.conf'])
    })
  })

  test('somebody else writes over two tunnels', () => {
    writeFileSync(file, 'first\n')
    for (const dev of ['wg0', 'wg1']) replaceResolverFile(file, dev, { servers: [dev], search: [] })
    writeFileSync(file, 'by dhclient\n')
    expect([readResolverFile(file, 'wg0'), readResolverFile(file, 'wg1')]).toEqual([undefined, undefined])
    for (const dev of ['wg0', 'wg1']) replaceResolverFile(file, dev, { servers: [dev], search: [] })
    for (const dev of ['wg0', 'wg1']) restoreResolverFile(file, dev)
    expect(readFileSync(file, 'utf8')).toBe('by dhclient\n')
    expect(readdirSync(directory)).toEqual(['resolv.conf'])
  })

  test('our own file is never the original: what a power cut left is taken over', () => {
    writeFileSync(file, 'first\n')
    replaceResolverFile(file, 'wg0', lines)
    // The record is gone; the next `up` writes again.
    replaceResolverFile(file, 'wg0', lines)
    restoreResolverFile(file, 'wg0')
    expect(readFileSync(file, 'utf8')).toBe('first\n')
    writeFileSync(file, '# Written by wgq for wg0.\nnameserver 10.0.0.1\n')
    replaceResolverFile(file, 'wg0', lines)
    restoreResolverFile(file, 'wg0')
    expect(readdirSync(directory)).toEqual([])
  })

  test('options and search domains of the original go on; the last line of them counts', () => {
    writeFileSync(
      file,
      'domain old.example\nnameserver 192.0.2.1\nsearch lan home.example\noptions ndots:2 edns0\n',
    )
    replaceResolverFile(file, 'wg0', { servers: ['10.0.0.1'], search: ['corp.example', 'lan'] })
    expect(readFileSync(file, 'utf8').split('\n').slice(3)).toEqual([
      'nameserver 10.0.0.1',
      'search corp.example lan home.example',
      'options ndots:2 edns0',
      '',
    ])
    replaceResolverFile(file, 'wg1', lines)
    expect(readFileSync(file, 'utf8').split('\n').slice(3)).toEqual([
      'nameserver 10.0.0.1',
      'search lan home.example',
      'options ndots:2 edns0',
      '',
    ])
    expect(readResolverFile(file, 'wg0')).toEqual({ servers: ['10.0.0.1'], search: ['corp.example', 'lan'] })
    expect(readResolverFile(file, 'wg1')).toEqual(lines)
  })

  test('a line that somebody changes is seen', () => {
    replaceResolverFile(file, 'wg0', { servers: ['10.0.0.1'], search: ['a.example'] })
    writeFileSync(file, readFileSync(file, 'utf8').replace('search a.example\n', ''))
    expect(readResolverFile(file, 'wg0')).toEqual({ servers: ['10.0.0.1'], search: [] })
  })

  test('modes do not depend on the umask, and the original keeps its own', () => {
    const before = process.umask(0o077)
    try {
      writeFileSync(file, 'first\n')
      chmodSync(file, 0o640)
      const deep = join(directory, 'netns', 'vpn', 'resolv.conf')
      for (const path of [file, deep]) replaceResolverFile(path, 'wg0', lines)
      const mode = (path: string): number => statSync(path).mode & 0o777
      expect([file, deep, join(directory, 'netns'), join(directory, 'netns/vpn')].map(mode)).toEqual([
        0o644, 0o644, 0o755, 0o755,
      ])
      restoreResolverFile(file, 'wg0')
      expect(mode(file)).toBe(0o640)
    } finally {
      process.umask(before)
    }
  })

  test('where it cannot be written nothing changes', () => {
    mkdirSync(file)
    expect(() => replaceResolverFile(file, 'wg0', lines)).toThrow()
    expect(readdirSync(directory)).toEqual(['resolv.conf'])
  })
})

const root = process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0

describe.skipIf(!root)('a file that is a mount of its own (needs root)', () => {
  /** Sets and unsets name servers in a mount namespace after running `setup`, and prints the files after each step. */
  const inside = (setup: string): string => {
    const act = (call: string) =>
      `await import('${new URL('./file.ts', import.meta.url).pathname}').then((m) => m.${call})`
    const script = `
      const { readFileSync, readdirSync } = await import('node:fs')
      const show = () => console.log(readFileSync('f/resolv.conf', 'utf8').split('\\n').filter((l) => l[0] !== '#').join('|'), readdirSync('f').join(' '))
      try { ${act("replaceResolverFile('f/resolv.conf', 'wg0', { servers: ['10.0.0.1'], search: [] })")} } catch (error) { console.log(error.code) }
      show()
      try { ${act("restoreResolverFile('f/resolv.conf', 'wg0')")} } catch (error) { console.log(error.code) }
      show()`
    const file = join(directory, 'dns-on-a-mount.ts')
    writeFileSync(file, script)
    const run = new URL('../../../scripts/build/run-ts.mjs', import.meta.url).pathname
    const { stdout, stderr, status } = spawnSync(
      'unshare',
      ['-m', 'sh', '-e', '-c', `mkdir f; ${setup}; exec "$@"`, 'sh', process.execPath, run, file],
      { cwd: directory, encoding: 'utf8' },
    )
    expect(status, stderr).toBe(0)
    return stdout
  }

  test('is written into, and comes back', () => {
    const mount = 'echo nameserver 192.0.2.1 > o; : > f/resolv.conf; mount --bind o f/resolv.conf'
    expect(inside(mount)).toBe(
      'nameserver 10.0.0.1| resolv.conf resolv.conf.wgq-wg0\nnameserver 192.0.2.1| resolv.conf\n',
    )
  })

  test('is as it was where the disk is full', () => {
    // One page for the file; the directory has room for names only.
    const full = ['mount -t tmpfs -o size=4k t f', 'echo nameserver 192.0.2.1 > f/resolv.conf'].join('; ')
    expect(inside(full)).toBe(
      'ENOSPC\nnameserver 192.0.2.1| resolv.conf\nnameserver 192.0.2.1| resolv.conf\n',
    )
  })
})

test('the name servers of the machine: zones, loopback addresses and search domains are kept apart', () => {
  mkdirSync(join(directory, 'etc'))
  const path = join(directory, 'etc/resolv.conf')
  writeFileSync(
    path,
    'search a.example\nnameserver fe80::1%eth0\nnameserver 192.0.2.1\nnameserver 127.0.0.11\nnameserver x\nsearch b.example c.example\n',
  )
  replaceResolverFile(path, 'wg0', { servers: ['10.0.0.1'], search: ['d.example'] })
  const tools = { filesUnder: directory }
  expect(ownNameServers(tools)).toEqual({
    outside: ['fe80::1%eth0', '192.0.2.1'],
    local: ['127.0.0.11'],
    search: ['b.example', 'c.example'],
  })
  expect(nameServers(tools)).toEqual(['fe80::1', '192.0.2.1'])
})
