// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
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

  test.each([
    'arch/PKGBUILD',
    'arch/wgq.install',
    'alpine/APKBUILD',
    'alpine/wgq.post-upgrade',
    'alpine/wgq.post-deinstall',
  ])('%s is a proper script', (file) => {
    expect(run(file.startsWith('arch') ? 'bash' : 'sh', '-n', file)).toMatchObject({ status: 0, stderr: '' })
    if (!missing('shellcheck')) expect(run('shellcheck', file)).toMatchObject({ status: 0, stdout: '' })
  })

  test.skipIf(missing('rpmspec'))('rpmspec reads the spec file', () => {
    const done = run('rpmspec', '-q', '--qf', '%{name} %{version}\\n', 'rpm/wgq.spec')
    expect(done.stdout).toBe('wgq 0.1.0\nwgq-compat 0.1.0\n')
    expect(done.status).toBe(0)
  })

  describe('the folder of compiled code', () => {
    let state: string
    const cached = () => join(state, 'cache/wgq/v20/compiled')
    beforeEach(() => {
      state = mkdtempSync(join(tmpdir(), 'wgq-state-'))
      mkdirSync(dirname(cached()), { recursive: true })
      writeFileSync(cached(), '')
    })
    afterEach(() => rmSync(state, { recursive: true, force: true }))
    /** Runs a script of a package with an argument, on a copy of /var. */
    const runScript = (text: string, argument = ''): string[] => {
      const there = text.replaceAll('/var/', `${state}/`)
      expect(run('sh', '-euc', there, 'sh', argument)).toMatchObject({ status: 0, stderr: '' })
      return readdirSync(join(state, 'cache'), { recursive: true }) as string[]
    }

    test.skipIf(missing('rpmspec'))('rpm empties it in an upgrade and before it is removed', () => {
      const macros = ['post', 'preun', 'postun'].flatMap((name) => ['--define', `systemd_${name}() true`])
      const words = [...macros, '--define', '_localstatedir /var', 'rpm/wgq.spec']
      const scriptOf = (tag: string): string =>
        run('rpmspec', '-q', '--qf', `== %{NAME}\\n%{${tag}}\\n`, ...words)
          .stdout.split('== ')
          .find((text) => text.startsWith('wgq\n'))
          ?.slice('wgq\n'.length) ?? ''
      expect(runScript(scriptOf('PREUN'), '1')).toContain('wgq/v20/compiled')
      expect(runScript(scriptOf('PREUN'), '0')).toEqual(['wgq'])
      mkdirSync(dirname(cached()), { recursive: true })
      expect(runScript(scriptOf('POSTIN'), '2')).toEqual(['wgq'])
    })

    test('Alpine and Arch empty it in an upgrade, and remove it', () => {
      const arch = read('arch/wgq.install')
      for (const [upgrade, removal] of [
        [read('alpine/wgq.post-upgrade'), read('alpine/wgq.post-deinstall')],
        [`${arch}\npost_upgrade`, `${arch}\npost_remove`],
      ] as const) {
        mkdirSync(dirname(cached()), { recursive: true })
        expect(runScript(upgrade)).toEqual(['wgq'])
        writeFileSync(join(state, 'cache/wgq/code'), '')
        expect(runScript(removal)).toEqual([])
      }
      expect(read('alpine/APKBUILD')).toContain('\ninstall="$pkgname.post-upgrade $pkgname.post-deinstall"\n')
      expect(read('arch/PKGBUILD')).toContain('\n  install=wgq.install\n')
    })
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

  test('FreeBSD without its option: the marked names are not installed', () => {
    const words = ['SYSCONFDIR=/usr/local/etc', 'INIT=freebsd', 'RCDIR=/usr/local/etc/rc.d', 'WITH_COMPAT=no']
    const names = read('freebsd/pkg-plist')
      .split('\n')
      .filter((line) => /^[a-z].*[^/]$/.test(line))
      .map((name) => name.replace(/\.gz$/, ''))
    expect(names.sort()).toEqual(installed('make', '/usr/local', words))
  })

  test('Alpine: what is called wg and wg-quick goes into the packages for it, pages too', () => {
    // What abuild's amove does: it moves names from the package to the subpackage.
    const amove =
      'amove() { for name; do mkdir -p "$subpkgdir/$(dirname "$name")"; mv "$pkgdir/$name" "$subpkgdir/$name" || exit 1; done; }'
    const base = mkdtempSync(join(folder, 'alpine-'))
    const script = `set -eu; base=$1 srcdir=.; . "$2"; ${amove}
      pkgdir=$base/wgq; package >/dev/null
      for name in compat compat_doc; do (subpkgdir=$base/$name; $name); done`
    const done = spawnSync('sh', ['-c', script, 'sh', base, join(recipes, 'alpine/APKBUILD')], {
      cwd: folder,
      encoding: 'utf8',
    })
    expect(done).toMatchObject({ status: 0, stderr: '' })
    const files = (name: string): string[] =>
      readdirSync(join(base, name), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(base.length + name.length + 2))
        .sort()
    expect(files('compat')).toEqual([
      'usr/bin/wg',
      'usr/bin/wg-quick',
      'usr/share/bash-completion/completions/wg',
      'usr/share/bash-completion/completions/wg-quick',
    ])
    expect(files('compat_doc')).toEqual(['usr/share/man/man8/wg-quick.8.gz', 'usr/share/man/man8/wg.8.gz'])
    expect(files('wgq').filter((name) => /\/wg(-quick)?(\.8)?$/.test(name))).toEqual([])
    expect(files('wgq')).toContain('etc/init.d/wgq')
  })

  test.skipIf(missing('bmake'))('the make of the BSDs installs the same files', () => {
    const words = ['SYSCONFDIR=/usr/pkg/share/examples/wgq', 'MANDIR=/usr/pkg/man', 'INIT=none']
    expect(installed('bmake', '/usr/pkg', words)).toEqual(installed('make', '/usr/pkg', words))
  })
})
