// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { workspace } from '../support/workspace.ts'

const folderOfNode = dirname(process.execPath)

describe('the launcher', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'wgq-launcher-'))
    for (const part of ['bin', 'lib'])
      cpSync(join(workspace, 'dist', part), join(folder, 'prefix', part), { recursive: true })
    mkdirSync(join(folder, 'here'))
    executable('here/node', '#!/bin/sh\necho "the node of the current folder"\n')
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const executable = (name: string, text: string): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
    chmodSync(join(folder, name), 0o755)
  }
  const run = (path: string, env: NodeJS.ProcessEnv, words: readonly string[] = ['--version']) =>
    spawnSync(path, words, { cwd: join(folder, 'here'), encoding: 'utf8', env })
  const version = /^wgq [0-9.]+ \(/

  test.each([
    ['the file', () => join(folder, 'prefix/bin/wgq'), 'to-file/wgq'],
    ['the folder', () => join(folder, 'prefix/bin'), 'to-folder'],
    ['a link to the folder', () => join(folder, 'to-folder'), 'twice'],
  ])('is found through a link to %s', (_what, target, name) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    symlinkSync(target(), join(folder, name))
    const path = name.endsWith('wgq') ? name : `${name}/wgq`
    expect(run(join(folder, path), process.env).stdout).toMatch(version)
    expect(run(`../${path}`, process.env).stdout).toMatch(version)
  })

  test.each([
    ['unset', {}],
    ['empty', { PATH: '' }],
    ['the current folder first', { PATH: `:${folderOfNode}` }],
    ['a relative folder first', { PATH: `.:${folderOfNode}` }],
  ])('never runs the node of the current folder: PATH %s', (_how, env) => {
    const { status, stdout, stderr } = run(join(folder, 'prefix/bin/wgq'), env)
    expect(stdout).not.toContain('the node of the current folder')
    // Where Node is in none of the usual folders, it is not found without PATH.
    if (status !== 0) expect(stderr).toContain('found no node in /usr/local/sbin:')
    else expect(stdout).toMatch(version)
  })

  test('without Node says in one sentence what is needed, and how sudo matters', () => {
    const path = join(folder, 'prefix/bin/wg-quick')
    const without = run(path, { PATH: '/nowhere:/nor/here' })
    expect(without).toMatchObject({ status: 127, stdout: '' })
    expect(without.stderr).toBe(
      'wg-quick: Node.js 20.19 or newer is needed, found no node in /nowhere:/nor/here; install it, or set WGQ_NODE to its path\n',
    )
    expect(run(path, { PATH: '/nowhere', SUDO_USER: 'somebody' }).stderr).toContain(
      'found no node in /nowhere (sudo has a PATH of its own);',
    )
  })

  test.each([
    ['missing', () => '/nowhere/node'],
    ['a folder', () => folder],
    ['not a program', () => join(folder, 'prefix/lib/wgq.cjs')],
  ])('a Node named by its path that is %s is named in one sentence', (_what, path) => {
    const { status, stdout, stderr } = run(join(folder, 'prefix/bin/wg'), {
      ...process.env,
      WGQ_NODE: path(),
    })
    expect({ status, stdout, stderr }).toEqual({
      status: 127,
      stdout: '',
      stderr: `wg: Node.js 20.19 or newer is needed, found no program ${path()}; install it, or set WGQ_NODE to its path\n`,
    })
  })

  const limited = (limit: string, env: NodeJS.ProcessEnv = {}) =>
    spawnSync(
      '/bin/sh',
      ['-c', `ulimit -c 0; ulimit ${limit}; exec "$0" --version`, join(folder, 'prefix/bin/wgq')],
      {
        encoding: 'utf8',
        env: { ...process.env, ...env },
        timeout: 20_000,
      },
    )

  test.each(['-n 12', '-n 16', '-n 18', '-n 23'])(
    'says in one sentence that too few files may be open: %s',
    (limit) => {
      const { status, stdout, stderr } = limited(limit)
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
      expect(stderr).toMatch(/^wgq: the limit of open files is too low: \d+, .*LimitNOFILE=.*\n$/)
    },
  )

  test.each(['-v 100000', '-v 500000'])(
    'says in one sentence that too little memory may be mapped: %s',
    (limit) => {
      const { status, stdout, stderr } = limited(limit)
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
      expect(stderr).toMatch(/^wgq: the limit of address space is too low: \d+ kB, .*--jitless.*\n$/)
    },
  )

  test('a limit that is enough is not spoken of; without a compiler less is enough', () => {
    expect(limited('-n 24')).toMatchObject({ status: 0, stderr: '' })
    expect(limited('-Sn 16')).toMatchObject({ status: 0, stderr: '' })
    expect(limited('-v 4000000')).toMatchObject({ status: 0, stderr: '' })
    // Node has a word of its own to say about that flag.
    expect(limited('-v 500000', { WGQ_NODE_FLAGS: '--jitless' }).status).toBe(0)
  })

  test('takes the Node beside the link that npm made, and WGQ_NODE before it', () => {
    mkdirSync(join(folder, 'npm/bin'), { recursive: true })
    symlinkSync(process.execPath, join(folder, 'npm/bin/node'))
    symlinkSync(join(folder, 'prefix/bin/wgq'), join(folder, 'npm/bin/wgq'))
    const path = join(folder, 'npm/bin/wgq')
    // As under sudo: only readlink and the like are in PATH.
    executable(
      'tools/readlink',
      `#!/bin/sh\nexec ${spawnSync('which', ['readlink'], { encoding: 'utf8' }).stdout.trim()} "$@"\n`,
    )
    const PATH = join(folder, 'tools')
    expect(run(path, { PATH }).stdout).toMatch(version)
    // Links to npm's link, as people make them for sudo: to the file, to the folder, to a link.
    mkdirSync(join(folder, 'usual'))
    symlinkSync(path, join(folder, 'usual/wgq'))
    symlinkSync('../usual/wgq', join(folder, 'usual/wg'))
    symlinkSync(join(folder, 'npm'), join(folder, 'current'))
    symlinkSync('../current/bin/wgq', join(folder, 'usual/wgqd'))
    for (const link of ['usual/wgq', 'usual/wg', 'usual/wgqd', 'current/bin/wgq'])
      expect(run(join(folder, link), { PATH })).toMatchObject({ status: 0, stderr: '' })
    executable('other/node', '#!/bin/sh\necho "another node: $1"\n')
    expect(run(path, { PATH, WGQ_NODE: join(folder, 'other/node') }).stdout).toContain('another node: ')
  })

  test('variables of Node and OpenSSL run no code of the caller and write no file', () => {
    const at = (name: string) => join(folder, 'caller', name)
    mkdirSync(at('modules'), { recursive: true })
    writeFileSync(at('loaded.cjs'), `require('node:fs').writeFileSync(${JSON.stringify(at('loaded'))}, '')\n`)
    // A library that is not there: OpenSSL says so, and Node ends.
    writeFileSync(
      at('openssl.cnf'),
      'nodejs_conf = all\n[all]\nproviders = list\n[list]\nmine = it\n[it]\nmodule = /nowhere.so\nactivate = 1\n',
    )
    const variables = {
      NODE_OPTIONS: `--require=${at('loaded.cjs')}`,
      NODE_COMPILE_CACHE: at('compiled'),
      NODE_V8_COVERAGE: at('coverage'),
      NODE_REDIRECT_WARNINGS: at('warnings'),
      OPENSSL_CONF: at('openssl.cnf'),
    }
    const before = readdirSync(at('.'))
    for (const program of ['wgq', 'wg', 'wgqd'])
      expect(run(join(folder, 'prefix/bin', program), { ...process.env, ...variables })).toMatchObject({
        status: 0,
        stderr: '',
      })
    expect(readdirSync(at('.'))).toEqual(before)
  })

  test("an addon that is not installed is not looked for in the caller's folders", () => {
    cpSync(join(folder, 'prefix'), join(folder, 'bare'), { recursive: true })
    rmSync(join(folder, 'bare/lib/wgq.node'))
    const name = `wgq-${process.platform}-${process.arch}`
    const home = join(folder, 'home')
    for (const modules of ['.node_modules', '.node_libraries', 'other']) {
      mkdirSync(join(home, modules, name), { recursive: true })
      cpSync(join(folder, 'prefix/lib/wgq.node'), join(home, modules, name, 'wgq.node'))
    }
    const start = (words: readonly string[]) => {
      const env = { ...process.env, HOME: home, NODE_PATH: join(home, 'other') }
      return spawnSync(words[0] as string, words.slice(1), { encoding: 'utf8', env }).stdout
    }
    const missing = 'Cryptography: none: The native addon wgq.node is missing'
    expect(start([join(folder, 'bare/bin/wgqd'), '--version'])).toContain(missing)
    // Without the launcher too.
    const program = join(folder, 'bare/lib/wgqd.cjs')
    expect(start([process.execPath, program, 'wgqd', '--version'])).toContain(missing)
    cpSync(join(home, 'other'), join(folder, 'node_modules'), { recursive: true })
    expect(start([process.execPath, program, 'wgqd', '--version'])).not.toContain(missing)
  })

  test('an older Node is named, with what is needed', () => {
    writeFileSync(
      join(folder, 'older.cjs'),
      "Object.defineProperty(process.versions, 'node', { value: '18.20.4' })",
    )
    for (const program of ['wgq', 'wgqd']) {
      const file = join(folder, `prefix/lib/${program}.cjs`)
      const words = ['-r', join(folder, 'older.cjs'), file, `/usr/bin/${program}`, '--version']
      const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' })
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
      expect(stderr).toBe(
        `${program}: Node.js 20.19 or newer is needed, found 18.20.4 (${process.execPath}); install a newer one, or set WGQ_NODE to its path\n`,
      )
    }
  })
})
