// SPDX-License-Identifier: MIT
// `wgq peer add` killed before and after every call that changes a file: nobody is lost, and the file stays one that wgq reads.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { program, whyNoTunnel } from '../support/implementation.ts'
import { whyNoPrivateRun } from '../support/private-run.ts'
import { workspace } from '../support/workspace.ts'

const why = whyNoTunnel() ?? whyNoPrivateRun()
if (why) console.warn(`faults/peers: skipped: ${why}`)

const hook = join(workspace, 'test/support/kill-at.cjs')
const bundle = join(workspace, 'dist/lib/wgq.cjs')

describe.skipIf(why)('peer add, killed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wgq-killed-'))
  const path = join(folder, 'wg0.conf')
  const wgq = (...args: string[]) => spawnSync(program('wgq'), args, { encoding: 'utf8' })
  const names = (): string[] =>
    [...readFileSync(path, 'utf8').matchAll(/^# Name = (.*)$/gm)].map(([, name = '']) => name)
  let first = ''
  beforeAll(() => {
    expect(wgq('init', path, '--address', '10.8.0.1/16', '--endpoint', 'vpn.example.net').status).toBe(0)
    expect(wgq('peer', 'add', path, 'first').status).toBe(0)
    first = readFileSync(path, 'utf8')
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  // A file that is a mount of its own cannot be replaced: it is written in place.
  const inPlace = ['unshare', '-m', 'sh', '-c', 'mount --bind "$0" "$0" && exec "$@"', path]

  test.each([
    ['replaced by renaming', []],
    ['written in place', inPlace],
  ])('at every step, where the file is %s', (_, before) => {
    const client = join(folder, 'client.conf')
    let killed = 0
    for (let at = 1; ; at++) {
      writeFileSync(path, first)
      rmSync(client, { force: true })
      const [command = '', ...args] = [
        ...before,
        process.execPath,
        '--require',
        hook,
        bundle,
        program('wgq'),
        'peer',
        'add',
        path,
        'second',
        '--output',
        client,
      ]
      const done = spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, KILL_AT: `${at}` } })
      const text = readFileSync(path, 'utf8')
      expect(text.startsWith(first), `killed at ${at}`).toBe(true)
      expect([['first'], ['first', 'second']], `killed at ${at}`).toContainEqual(names())
      if (names().length === 2) expect(text, `killed at ${at}`).toMatch(/AllowedIPs = 10\.8\.0\.3\/32\n$/)
      if (done.signal === null && done.status !== 137) {
        expect(done.status, done.stderr).toBe(0)
        expect(names()).toEqual(['first', 'second'])
        break
      }
      killed++
    }
    expect(killed).toBeGreaterThan(10)
    // The lock went with its holder, and nothing that was left stands in the way.
    const after = wgq('peer', 'add', path, 'third')
    expect(after.status, after.stderr).toBe(0)
    expect(names()).toEqual(['first', 'second', 'third'])
    expect(readdirSync(folder).filter((name) => name.startsWith('wg0'))).toEqual(['wg0.conf'])
  })
})
