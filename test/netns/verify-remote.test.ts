// SPDX-License-Identifier: MIT
// scripts/verify-bsd --remote: its helper compiled and asked here, and the whole script against a FreeBSD in memory that has a
// shell, behind one stream.
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { type FarCommand, FarEnd } from '../../scripts/remote/far-end.ts'
import { whyNotBuilt } from '../support/built-program.ts'
import { PrivateRun, whyNoPrivateRun } from '../support/private-run.ts'
import { workspace } from '../support/workspace.ts'

const why =
  whyNotBuilt() ?? whyNoPrivateRun() ?? (spawnSync('cc', ['--version']).status === 0 ? undefined : 'no cc')
if (why) console.log(`tests of verify-bsd --remote skipped: ${why}`)

const helper = readFileSync(join(workspace, 'scripts/remote/helper.c'), 'utf8')
const cleanups: (() => void)[] = []
afterEach(() => {
  for (const clean of cleanups.splice(0).reverse()) clean()
})

/** The output and the status of a command at the far end. */
const finish = (far: FarEnd, argv: readonly string[], stdin = '') =>
  new Promise((resolve) => {
    const texts = { out: '', err: '' }
    const command: FarCommand = {
      onOutput: (which, bytes) => {
        texts[which] += bytes
      },
      onEnd: (status) => resolve({ ...texts, status }),
    }
    far.run(argv, stdin, command)
  })

describe.skipIf(why)('a shell at the other end of a stream', () => {
  const open = async (words: readonly string[] = ['sh']) => {
    const [program = '', ...args] = words
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] })
    const far = new FarEnd(child.stdin, child.stdout)
    cleanups.push(() => far.close())
    return { far, child, system: await far.start(helper) }
  }

  test('commands have words, input, outputs and a status of their own, several at a time', async () => {
    const { far, system } = await open()
    expect(system.system).toBe('Linux')
    const odd = 'a b\'c"$d\n\u00e9'
    expect(
      await Promise.all([
        finish(far, ['printf', '%s', odd]),
        finish(far, ['sh', '-c', 'sleep 0.2; echo late; echo bad >&2; exit 7']),
        finish(far, ['cat'], `${'x'.repeat(100_000)}\n`),
        finish(far, ['no-such-program']),
      ]),
    ).toEqual([
      { out: odd, err: '', status: 0 },
      { out: 'late\n', err: 'bad\n', status: 7 },
      { out: `${'x'.repeat(100_000)}\n`, err: '', status: 0 },
      { out: '', err: 'no-such-program: not found\n', status: 127 },
    ])
  })

  test('a command that goes on is ended', async () => {
    const { far } = await open()
    const status = new Promise((resolve) => {
      const end = far.run(['sh', '-c', 'echo on; exec sleep 60'], '', {
        onOutput: () => end(),
        onEnd: resolve,
      })
    })
    expect(await status).toBe(128 + 15)
  })

  test('requests to the kernel, with and without a pointer, and what it refuses', async () => {
    const { far } = await open()
    // Those of Linux: SIOCGIFMTU into an ifreq, SIOCGIFCONF with a pointer to room for two interfaces.
    const ifreq = Buffer.alloc(40)
    ifreq.write('lo')
    const mtu = await far.ioctl(2, String(0x8921), ifreq)
    expect(mtu.errno).toBe('0')
    expect(mtu.header.readInt32LE(16)).toBeGreaterThan(1000)
    const ifconf = Buffer.alloc(16)
    ifconf.writeInt32LE(80)
    const list = await far.ioctl(2, String(0x8912), ifconf, { offset: 8, data: Buffer.alloc(80) })
    expect(list.errno).toBe('0')
    expect(list.data.toString('latin1', 0, 3)).toBe('lo\0')
    expect(list.header.readBigUInt64LE(8)).toBe(0n)
    ifreq.write('nothere\0')
    expect((await far.ioctl(2, String(0x8921), ifreq)).errno).toBe('ENODEV')
    // A pointer that would not fit the structure is not written.
    expect((await far.ioctl(2, String(0x8912), ifconf, { offset: 9, data: Buffer.alloc(80) })).errno).toBe(
      'EINVAL',
    )
    expect([await far.index('lo'), await far.index('nothere')]).toEqual([1, 0])
  })

  test('what is no shell, or has no compiler, is said', async () => {
    await expect(open(['true'])).rejects.toThrow('no shell with a C compiler: nothing came')
    await expect(open(['env', '-i', 'PATH=/nowhere', '/bin/sh'])).rejects.toThrow(
      'no shell with a C compiler',
    )
  })
})

test.skipIf(why)('the whole script, on a FreeBSD in memory', async () => {
  const run = new PrivateRun()
  const folder = mkdtempSync(join(tmpdir(), 'wgq-far-'))
  cleanups.push(() => {
    run.remove()
    rmSync(folder, { recursive: true, force: true })
  })
  const program = (name: string, text: string): void => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`)
    chmodSync(join(folder, name), 0o755)
  }
  const far = `exec '${process.execPath}' '${join(workspace, 'scripts/build/run-ts.mjs')}' '${join(workspace, 'test/support/far-bsd.ts')}'`
  program('uname', 'case $1 in -s) echo FreeBSD ;; -r) echo 14.2-RELEASE ;; *) echo amd64 ;; esac')
  program('cc', `printf '%s\\n' '#!/bin/sh' "${far}" >"$3"; chmod +x "$3"`)
  const done = await run.run(
    [join(workspace, 'scripts/verify-bsd'), '--remote', `PATH=${folder}:$PATH exec sh`, 'report.txt'],
    {},
  )
  expect(done.stderr).toContain('FreeBSD 14.2-RELEASE on amd64 at the far end')
  const report = readFileSync(join(run.work, 'report.txt'), 'utf8')
  expect(report.split('\n').filter((line) => line.startsWith('FAILED'))).toEqual([])
  expect(done.stdout).toMatch(/^4[0-9] passed, 0 failed, [0-9] skipped$/m)
  expect(done.status).toBe(0)
  // Keys stay here.
  expect(report).not.toMatch(/[A-Za-z0-9+/]{43}=/)
})
