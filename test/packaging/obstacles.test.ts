// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { workspace } from '../support/workspace.ts'

// What somebody reads whose machine lacks something that building needs.

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wgq-obstacles-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const write = (name: string, text: string): string => {
  const file = join(folder, name)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}
const program = (name: string, text: string): string => {
  const file = write(name, `#!/bin/sh\n${text}\n`)
  chmodSync(file, 0o755)
  return file
}
const copy = (name: string): void => cpSync(join(workspace, name), join(folder, name), { recursive: true })

describe('building the addon', () => {
  const build = (env: NodeJS.ProcessEnv) =>
    spawnSync(process.execPath, [join(folder, 'packages/native/build.mjs'), `--include=${folder}`], {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    })
  beforeEach(() => {
    for (const file of ['build.mjs', 'toolchain.mjs']) copy(`packages/native/${file}`)
    write('packages/native/src/addon.cc', '')
    for (const header of ['node_api.h', 'openssl/evp.h']) write(header, '')
  })

  test('names a compiler that does not run, and what to do', () => {
    const { status, stderr } = build({ CXX: '/nowhere/g++' })
    expect(status).toBe(1)
    expect(stderr).toBe(
      'native: CXX=/nowhere/g++ does not run; set CXX to a C++20 compiler, or unset it to use c++, g++ or clang++\n',
    )
  })

  test('says which compiler failed, and which ones do not', () => {
    const old = program(
      'g++',
      '[ "$1" != --version ] || { echo "g++ (Debian 10.2.1-6) 10.2.1"; echo more; exit; }\necho "addon.cc: expected concepts" >&2\nexit 1',
    )
    const { status, stderr } = build({ CXX: old })
    expect(status).toBe(1)
    expect(stderr).toContain('native: addon.cc: expected concepts\n')
    expect(stderr).toMatch(
      /failed on .*src\/addon\.cc; this is g\+\+ \(Debian 10\.2\.1-6\) 10\.2\.1\. It must compile C\+\+20: g\+\+ 12 and clang 14, /,
    )
  })

  test('a folder that cannot be written is named in one sentence', () => {
    write('packages/native/build', 'not a folder')
    const { status, stderr } = build({ CXX: program('g++', 'true') })
    expect(status).toBe(1)
    expect(stderr).toMatch(
      /^native: the addon is built in a folder that cannot be written: .*; build it in a copy/,
    )
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })
})

describe('setting a checkout up', () => {
  const script = () => join(folder, 'scripts/setup')
  const env = (): NodeJS.ProcessEnv => ({
    ...process.env,
    PATH: `${join(folder, 'bin')}:${dirname(process.execPath)}:${process.env['PATH']}`,
    npm_config_registry: 'https://npm.invalid/',
  })
  beforeEach(() => {
    for (const file of ['scripts/setup', 'package.json', 'pnpm-lock.yaml']) copy(file)
  })

  test('without a network shows the reason, names the registry and says what to look at', () => {
    program('bin/npx', 'echo "npm error code EAI_AGAIN" >&2\nexit 1')
    const { status, stderr } = spawnSync(script(), { encoding: 'utf8', env: env() })
    expect(status).toBe(1)
    expect(stderr).toContain('npm error code EAI_AGAIN\nsetup: the dependencies could not be installed from ')
    expect(stderr).toMatch(/from https:\/\/npm\.invalid\/; .*check it and npm's settings .*run this again\n$/)
  })

  test.skipIf(process.getuid?.() !== 0)(
    'on a read-only file system says so, before it fetches anything',
    () => {
      program('bin/npx', 'echo fetched >&2\nexit 1')
      const enter =
        'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && cd "$1" && exec "$1/scripts/setup"'
      const { status, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', enter, 'sh', folder], {
        encoding: 'utf8',
        env: env(),
      })
      expect(status).toBe(1)
      expect(stderr).toBe(
        `setup: ${folder} cannot be written, and the checkout needs to be set up there; run this as its owner, or in a copy of your own\n`,
      )
    },
  )
})
