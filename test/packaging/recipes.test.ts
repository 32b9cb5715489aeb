// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { workspace } from '../support/workspace.ts'
import { makePackages, missing } from './packages.ts'

const recipes = join(workspace, 'packaging')
const read = (file: string): string => readFileSync(join(recipes, file), 'utf8')
const run = (command: string, ...args: string[]) =>
  spawnSync(command, args, { cwd: recipes, encoding: 'utf8' })
for (const program of ['rpmspec', 'rpmlint', 'bmake', 'shellcheck'])
  if (missing(program)) console.warn(`packaging/recipes: ${program}: skipped: not installed`)

describe('recipes of other systems', () => {
  test.each([
    ['rpm/wgq.spec', /^Version: +(.*)$/m],
    ['alpine/APKBUILD', /^pkgver=(.*)$/m],
    ['arch/PKGBUILD', /^pkgver=(.*)$/m],
    ['freebsd/Makefile', /^DISTVERSION=\t(.*)$/m],
    ['openbsd/Makefile', /^DISTNAME =\twgq-(.*)$/m],
    ['pkgsrc/Makefile', /^DISTNAME=\twgq-(.*)$/m],
    ['container/Containerfile', /^ARG VERSION=(.*)$/m],
  ])('%s builds the version of package.json', (file, pattern) => {
    const { version } = JSON.parse(readFileSync(join(workspace, 'package.json'), 'utf8'))
    expect(pattern.exec(read(file))?.[1]).toBe(version)
  })

  test('scripts/package recipes names the publisher, and asks for it', () => {
    const made = makePackages(['recipes'])
    for (const [name, folder] of Object.entries(made)) {
      const texts = readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
      expect(texts.join('\n'), name).not.toMatch(/@(HOMEPAGE|MAINTAINER|EMAIL)@/)
    }
    expect(readFileSync(join(made['arch'] as string, 'PKGBUILD'), 'utf8')).toContain(
      'url="https://wgq.example"',
    )
    rmSync(dirname(made['arch'] as string), { recursive: true, force: true })
    expect(() => makePackages(['recipes'], { WGQ_HOMEPAGE: '' })).toThrow(
      /set WGQ_HOMEPAGE \(the page of the/,
    )
  })

  test('nothing that is shipped names a page or an address that does not exist', () => {
    for (const part of ['packaging', 'docs', 'README.md', 'SECURITY.md', 'CHANGELOG.md', 'dist/lib'])
      expect(run('grep', '-rIl', 'wgq[.]example', join(workspace, part)).stdout, part).toBe('')
  })

  test('every package of the workspace has that version too', () => {
    const { version } = JSON.parse(readFileSync(join(workspace, 'package.json'), 'utf8'))
    for (const name of readdirSync(join(workspace, 'packages'))) {
      const manifest = readFileSync(join(workspace, 'packages', name, 'package.json'), 'utf8')
      expect(JSON.parse(manifest).version, name).toBe(version)
    }
  })

  test.each(['arch/PKGBUILD', 'alpine/APKBUILD'])('%s is a proper script', (file) => {
    expect(run(file.startsWith('arch') ? 'bash' : 'sh', '-n', file)).toMatchObject({ status: 0, stderr: '' })
    if (!missing('shellcheck')) expect(run('shellcheck', file)).toMatchObject({ status: 0, stdout: '' })
  })

  test.skipIf(missing('rpmspec'))('rpmspec reads the spec file', () => {
    const done = run('rpmspec', '-q', '--qf', '%{name} %{version}\\n', 'rpm/wgq.spec')
    expect(done.stdout).toBe('wgq 0.1.0\nwgq-compat 0.1.0\n')
    expect(done.status).toBe(0)
  })

  test.skipIf(missing('rpmlint'))('rpmlint finds no error in it', () => {
    const done = run('rpmlint', 'rpm/wgq.spec')
    expect(done.stdout).toMatch(/ 0 errors, /)
    expect(done.status).toBe(0)
  })
})

describe('lists of installed files', () => {
  let archive: string
  let folder: string
  beforeAll(() => {
    const made = makePackages(['tarball'])
    archive = Object.values(made).find((file) => file.includes('linux')) as string
    folder = mkdtempSync(join(tmpdir(), 'wgq-recipes-'))
    spawnSync('tar', ['-xzf', archive, '-C', folder, '--strip-components=1'])
  })
  afterAll(() => {
    rmSync(dirname(archive), { recursive: true, force: true })
    rmSync(folder, { recursive: true, force: true })
  })

  /** What make installs below a prefix, with the words of a recipe. */
  const installed = (make: string, prefix: string, words: readonly string[]): string[] => {
    const dest = mkdtempSync(join(folder, 'dest-'))
    const done = spawnSync(make, ['install', `DESTDIR=${dest}`, `PREFIX=${prefix}`, ...words], {
      cwd: folder,
      encoding: 'utf8',
    })
    expect(done.status, done.stderr).toBe(0)
    return readdirSync(dest, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(dest.length + prefix.length + 1))
      .sort()
  }
  /** The files of a packing list: without the words that mark them. */
  const listed = (file: string): string[] =>
    read(file)
      .split('\n')
      .map((line) => line.replace(/^%%COMPAT%%|^@man /, ''))
      .filter((line) => /^[a-z].*[^/]$/.test(line))
      .sort()

  test('FreeBSD', () => {
    const words = [
      'SYSCONFDIR=/usr/local/etc',
      'INIT=freebsd',
      'RCDIR=/usr/local/etc/rc.d',
      'WITH_COMPAT=yes',
    ]
    const files = installed('make', '/usr/local', words)
    expect(listed('freebsd/pkg-plist').map((name) => name.replace(/\.gz$/, ''))).toEqual(files)
  })

  test.each([
    ['openbsd/pkg/PLIST', '/usr/local'],
    ['pkgsrc/PLIST', '/usr/pkg'],
  ])('%s', (file, prefix) => {
    const words = [`SYSCONFDIR=${prefix}/share/examples/wgq`, `MANDIR=${prefix}/man`, 'INIT=none']
    expect(listed(file)).toEqual(installed('make', prefix, words))
  })

  test.skipIf(missing('bmake'))('the make of the BSDs installs the same files', () => {
    const words = ['SYSCONFDIR=/usr/pkg/share/examples/wgq', 'MANDIR=/usr/pkg/man', 'INIT=none']
    expect(installed('bmake', '/usr/pkg', words)).toEqual(installed('make', '/usr/pkg', words))
  })
})
