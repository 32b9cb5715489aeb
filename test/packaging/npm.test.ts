// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makePackages } from './packages.ts'

// With the addon of this machine: cross-compiling takes minutes, and scripts/package prebuilt shows that it works.
const platform = `linux-${process.arch}`

describe.skipIf(process.platform !== 'linux')('the npm packages', () => {
  let made: Readonly<Record<string, string>>
  let prefix: string
  beforeAll(() => {
    made = makePackages([`--only=${platform}`, '--here', 'npm'])
    prefix = mkdtempSync(join(tmpdir(), 'wgq-npm-'))
  })
  afterAll(() => {
    rmSync(prefix, { recursive: true, force: true })
    rmSync(dirname(Object.values(made)[0] as string), { recursive: true, force: true })
  })

  const run = (command: string, words: readonly string[], input = '') =>
    spawnSync(command, words, { encoding: 'utf8', input })

  test('install from files without a network, and run', () => {
    const words = ['install', '--global', '--offline', '--prefix', prefix, ...Object.values(made)]
    const done = run('npm', words)
    expect(done.status, done.stderr).toBe(0)
    const bin = (name: string) => join(prefix, 'bin', name)
    expect(run(bin('wg'), ['--version']).stdout).toContain('wireguard-tools v1.0.')
    expect(run(bin('wg-quick'), ['--help']).status).toBe(0)
    expect(run(bin('wg'), ['pubkey'], 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo=\n').stdout).toBe(
      '4IUzPqubfRlDIYinPVHESUOS0ogYfx60SsfyAaj1rW4=\n',
    )
    // The addon was found in the package of the platform.
    expect(run(bin('wgqd'), ['--version']).stdout).toMatch(/Cryptography: .*OpenSSL [0-9]/)
  })

  test('no package has an install script; that of the platform names its system', () => {
    const manifest = (name: string) =>
      JSON.parse(readFileSync(join(prefix, 'lib/node_modules', name, 'package.json'), 'utf8'))
    expect(manifest('wgq').scripts).toBeUndefined()
    expect(Object.keys(manifest('wgq').optionalDependencies)).toContain(`wgq-${platform}`)
    expect(manifest(`wgq-${platform}`)).toMatchObject({ os: ['linux'], cpu: [process.arch], libc: ['glibc'] })
    expect(manifest(`wgq-${platform}`).scripts).toBeUndefined()
  })
})
