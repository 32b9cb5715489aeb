// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { workspace } from '../support/workspace.ts'

const privateKey = 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo='
const publicKey = '4IUzPqubfRlDIYinPVHESUOS0ogYfx60SsfyAaj1rW4='
const key = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=\n$/

describe('programs whose addon cannot be loaded', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'wgq-without-addon-'))
    mkdirSync(join(folder, 'prefix'))
    for (const part of ['bin', 'lib'])
      cpSync(join(workspace, 'dist', part), join(folder, 'prefix', part), { recursive: true })
    writeFileSync(join(folder, 'prefix/lib/wgq.node'), 'an addon of another system')
    writeFileSync(
      join(folder, 'wg0.conf'),
      `[Interface]\nPrivateKey = ${privateKey}\nAddress = 10.8.0.2/32\n`,
      { mode: 0o600 },
    )
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const run = (program: string, words: readonly string[], input = '') =>
    spawnSync(join(folder, 'prefix/bin', program), words, {
      cwd: folder,
      encoding: 'utf8',
      input,
      // npx adds the packages of the workspace, one of which does without the addon.
      env: { ...process.env, NODE_PATH: '' },
    })
  const config = () => join(folder, 'wg0.conf')

  test('make keys', () => {
    expect(run('wg', ['genkey']).stdout).toMatch(key)
    expect(run('wg', ['genpsk']).stdout).toMatch(/^[A-Za-z0-9+/]{43}=\n$/)
    expect(run('wg', ['pubkey'], `${privateKey}\n`).stdout).toBe(`${publicKey}\n`)
  })

  test('read configuration files', () => {
    expect(run('wgq', ['strip', config()])).toMatchObject({ status: 0, stderr: '' })
    expect(run('wgq', ['lint', config()]).status).toBe(0)
    expect(run('wgq', ['qr', config()]).status).toBe(0)
  })

  test("the daemon tells the loader's reason and what to do", () => {
    const { status, stderr } = run('wgqd', ['-f', 'wgx'])
    expect(status).toBe(1)
    expect(stderr).toMatch(
      /^wgqd: The native addon cannot be loaded: .*wgq\.node: (file too short|invalid ELF)/,
    )
    expect(stderr).toContain('(install the wgq package for this system')
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(run('wgqd', ['--version']).stdout).toContain(
      '\nCryptography: none: The native addon cannot be loaded',
    )
  })

  test('a device cannot be read, for the same reason', () => {
    const { status, stderr } = run('wgq', ['show', 'wgx'])
    expect(status).toBe(1)
    expect(stderr).toMatch(/cannot be loaded: .*wgq\.node: (file too short|invalid ELF)/)
    expect(stderr).toContain('; install the wgq package for this system')
  })

  test('without the file the message names it', () => {
    rmSync(join(folder, 'prefix/lib/wgq.node'))
    expect(run('wgqd', ['-f', 'wgx']).stderr).toMatch(
      /^wgqd: The native addon wgq\.node is missing \(install/,
    )
  })
})
