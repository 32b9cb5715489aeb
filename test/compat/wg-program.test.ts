// SPDX-License-Identifier: MIT
import { spawnSync } from 'node:child_process'
import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { builtBin, whyNotBuilt } from '../support/built-program.ts'

// What belongs to the program as a whole: its name, its exit statuses, its warnings, and that it never shows a stack trace.
const why = whyNotBuilt()
if (why) console.log(`compat/wg-program skipped: ${why}`)
const wg = join(builtBin, 'wg')

describe.skipIf(why)('the program', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'wgq-program-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const run = (
    program: string,
    args: readonly string[],
    options: { path?: string; input?: string | Buffer } = {},
  ) =>
    spawnSync(program, args, {
      encoding: 'utf8',
      input: options.input ?? '',
      env: { PATH: options.path ?? process.env['PATH'], HOME: '/nonexistent' },
    })

  const genkeyInto = (mode: number) => {
    const file = join(folder, 'key')
    const fd = openSync(file, 'w')
    chmodSync(file, mode)
    const ran = spawnSync(wg, ['genkey'], { stdio: ['ignore', fd, 'pipe'], encoding: 'utf8' })
    closeSync(fd)
    return { status: ran.status, stderr: ran.stderr, key: readFileSync(file, 'utf8') }
  }

  test('genkey warns about a file that others may read, and only then', () => {
    const open = genkeyInto(0o604)
    expect(open.status).toBe(0)
    expect(open.stderr).toBe(
      'Warning: writing to world accessible file.\nConsider setting the umask to 077 and trying again.\n',
    )
    expect(open.key).toMatch(/^[A-Za-z0-9+/]{43}=\n$/)
    expect(genkeyInto(0o660).stderr).toBe('')
    expect(run(wg, ['genkey']).stderr).toBe('')
  })

  test('a full disk goes unnoticed, as with wg', () => {
    const fd = openSync('/dev/full', 'w')
    const { status, stderr } = spawnSync(wg, ['genkey'], { stdio: ['ignore', fd, 'pipe'], encoding: 'utf8' })
    closeSync(fd)
    expect([status, stderr]).toEqual([0, ''])
    const closed = spawnSync('/bin/sh', ['-c', 'exec "$0" genkey >&-', wg], { encoding: 'utf8' })
    expect([closed.status, closed.stderr]).toEqual([0, ''])
  })

  test('genkey | pubkey agrees with the installed wg', () => {
    const key = run(wg, ['genkey']).stdout
    const own = run(wg, ['pubkey'], { input: key })
    expect(own.stdout).toMatch(/^[A-Za-z0-9+/]{43}=\n$/)
    const theirs = run('/usr/bin/wg', ['pubkey'], { input: key })
    if (theirs.error === undefined) expect(own.stdout).toBe(theirs.stdout)
  })

  test('a reader that goes away ends the program quietly', () => {
    const ran = spawnSync('bash', ['-c', 'set -o pipefail; "$0" help | :; echo $?', wg], { encoding: 'utf8' })
    expect(ran.stderr).toBe('')
    expect(['0\n', '141\n']).toContain(ran.stdout)
  })

  test('messages name the program as it was called', () => {
    expect(run(wg, ['genkey', 'x']).stderr).toBe(`Usage: ${wg} genkey\n`)
    const path = `${builtBin}:${process.env['PATH']}`
    expect(run('wg', ['genkey', 'x'], { path }).stderr).toBe('Usage: wg genkey\n')
    symlinkSync(wg, join(folder, 'wg'))
    expect(run(join(folder, 'wg'), ['genkey', 'x'], { path }).stderr).toBe(
      `Usage: ${join(folder, 'wg')} genkey\n`,
    )
  })

  test('under any other name it is wgq', () => {
    expect(run(join(builtBin, 'wgq'), []).stdout).toMatch(/^Usage: wgq COMMAND/)
    expect(run(join(builtBin, 'wgq'), ['nonsense']).stderr).toBe(
      'wgq: "nonsense" is not a command\n  hint: `wgq help` lists them\n',
    )
  })

  test('no arguments end in a stack trace', () => {
    const word = fc.oneof(
      fc.constantFrom(
        'show',
        'set',
        'setconf',
        'pubkey',
        'help',
        'version',
        'constructor',
        '__proto__',
        'toString',
      ),
      fc.constantFrom(
        '--json',
        '--watch=x',
        '-h',
        'all',
        'interfaces',
        'wgnone0',
        '/dev/null',
        'peer',
        'dump',
        '',
      ),
      fc.string({ unit: 'binary', maxLength: 12 }).map((text) => text.replaceAll('\0', '')),
    )
    fc.assert(
      fc.property(fc.constantFrom('wg', 'wgq'), fc.array(word, { maxLength: 4 }), (name, words) => {
        fc.pre(!['up', 'down', 'watch', 'top', 'metrics', 'wait'].includes(words[0] ?? ''))
        const ran = run(join(builtBin, name), words, { input: Buffer.from([0, 255, 10]) })
        expect(ran.signal).toBeNull()
        expect([0, 1]).toContain(ran.status)
        expect(ran.stderr).not.toMatch(/^ {2,}at |internal error|node:/m)
      }),
      { numRuns: 60 },
    )
  })
})
