// SPDX-License-Identifier: MIT
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { builtProgram, whyNotBuilt } from '../support/built-program.ts'
import { fakeDnsProgram } from '../support/fake-dns.ts'
import { type FakeAnswers, FakeUapi } from '../support/fake-uapi.ts'
import { Namespace, until, whyNoNetns } from '../support/netns.ts'
import { PrivateRun, whyNoPrivateRun } from '../support/private-run.ts'

// `wg` against a fake userspace device, recorded from the real program (spec wg, [g:…]): every case byte for byte.
/** A text; one that is not UTF-8 is as an object, one character per byte. */
type Text = string | { readonly latin1: string }
const bytesOf = (text: Text): Buffer =>
  typeof text === 'string' ? Buffer.from(text, 'utf8') : Buffer.from(text.latin1, 'latin1')

interface Case {
  readonly name: string
  readonly argv: readonly string[]
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
  readonly 'input.conf'?: Text
  readonly stdin?: string
  readonly env?: string
  readonly 'uapi-request'?: string
  readonly 'uapi-state'?: string
  readonly 'uapi-get-state'?: string
  readonly 'uapi-reply'?: string
  readonly 'readdir-order'?: string
}

const recorded: Record<string, Case[]> = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/wg/wg-uapi.json'), 'utf8'),
)
// Outputs are compared as bytes, one character each.
for (const found of Object.values(recorded).flat()) {
  for (const name of ['stdout', 'stderr'] as const)
    Object.assign(found, { [name]: bytesOf(found[name]).toString('latin1') })
}

const key = 'cBvThcTrrfM1AQwW5DkDy1wA8JWsnJKZIIqd/jKIzmo='
const psk = 'Uoqqn/9c9pXKCQMH5GU31d8HA7OaM2sbRRulwdXYl0s='
const keyFiles: Record<string, string> = {
  k: `${key}\n`,
  psk: `${psk}\n`,
  bad: `${'*'.repeat(43)}=`,
  lead: `\n${key}`,
  nl: '\n',
  short: key.slice(0, 20),
  trail: `${key}x`,
  nul: `${key}\0`,
  ws: `${key} \t\r\n\n`,
  two: `${key}\n${key}\n`,
}
// The recording leaves out an empty last argument.
const emptyLast = /^(?:empty|.*-empty)$/

// The recorded clock: the state of `show-age/0` was "Now", `full/show` saw a handshake 95 s old, the others a fixed one.
const clocks: Record<string, (found: Case) => number> = {
  'show-age': (found) => secondsOf(found) + Number(found.name),
  show: (found) => secondsOf(found) + (found.name === 'full/show' ? 95 : 0),
  'show-env': (found) => secondsOf(found) + 95,
  'show-multi': (found) => {
    // 3 years, 6 days, 12 hours, 34 minutes, S seconds after 1700000000
    const age = /12 hours, 34 minutes, ([0-9]+) seconds ago/.exec(found.stdout)
    return 1_700_000_000 + ((3 * 365 + 6) * 24 + 12) * 3600 + 34 * 60 + Number(age?.[1] ?? 0)
  },
}
const secondsOf = (found: Case): number =>
  Math.max(0, Number(/last_handshake_time_sec=([0-9]+)/.exec(found['uapi-state'] ?? '')?.[1] ?? 0))

const fixedState = recorded['show']?.find(({ name }) => name === 'fixed/show-dump')?.['uapi-state'] ?? ''
const keyOnlyState = recorded['show']?.find(({ name }) => name === 'no-peers/show-dump')?.['uapi-state'] ?? ''
const broken: FakeAnswers = { getReply: 'private_key=zz\nerrno=0\n\n' }

/** The fake devices of a case, by name. */
const devicesOf = (group: string, found: Case): Record<string, FakeAnswers> => {
  if (group === 'show-multi') {
    const names = (found['readdir-order'] ?? '').split('\n').filter(Boolean)
    const states: Record<string, FakeAnswers> = { wga: { state: fixedState }, wgb: { state: keyOnlyState } }
    if (/fail/.test(found.name)) {
      for (const name of ['wga', 'wgb'])
        if (found.stderr.includes(`interface ${name}:`)) states[name] = broken
    }
    if (found.name === 'show-help-dump') return {}
    return Object.fromEntries(
      names.map((file) => [file.replace(/\.sock$/, ''), states[file.slice(0, 3)] ?? {}]),
    )
  }
  if (group === 'cli' || group === 'pubkey') return {}
  const reply = found['uapi-reply']
  if (group === 'set-reply') return { wgf0: { setReply: reply ?? '' } }
  if (reply !== undefined) return { wgf0: { getReply: reply } }
  const state = found['uapi-state'] ?? found['uapi-get-state']
  return { wgf0: state === undefined ? {} : { state } }
}

const why = whyNotBuilt() ?? whyNoPrivateRun() ?? whyNoNetns()
if (why) console.log(`compat/wg-uapi skipped: ${why}`)

describe.skipIf(why)('wg against a fake device', () => {
  let net: Namespace
  let place: PrivateRun

  beforeAll(async () => {
    net = new Namespace('wgcompat')
    const dns = net.start(process.execPath, ['-e', fakeDnsProgram])
    let ready = false
    dns.stdout?.on('data', () => {
      ready = true
    })
    await until('the name server', () => ready, 20_000)
    place = new PrivateRun({
      '/etc/resolv.conf': 'nameserver 127.0.0.1\noptions timeout:2 attempts:1\n',
      '/etc/hosts': '127.0.0.1 localhost\n::1 localhost\n192.0.2.60 hosts4.test\n',
    })
    for (const [name, content] of Object.entries(keyFiles))
      writeFileSync(join(place.work, `wgq-${name}`), content)
  })
  afterAll(() => {
    net?.remove()
    place?.remove()
  })

  const wg = async (group: string, found: Case) => {
    const fakes = Object.entries(devicesOf(group, found)).map(([name, answers]) => ({
      name,
      fake: new FakeUapi(answers),
    }))
    if (found['input.conf'] !== undefined)
      writeFileSync(join(place.work, 'input.conf'), bytesOf(found['input.conf']))
    const [argv0 = '', ...rest] = found.argv
    const args = rest.map((word) => word.replace(/^\/tmp\/wgq-/, `${place.work}/wgq-`))
    if (emptyLast.test(found.name) && group !== 'setconf' && group !== 'addconf' && found.argv.at(-1) !== '1')
      args.push('')
    const env: NodeJS.ProcessEnv = { WG_ENDPOINT_RESOLUTION_RETRIES: '0' }
    const clock = clocks[group]?.(found)
    if (clock !== undefined) env['FIXED_CLOCK'] = String(clock)
    for (const line of (found.env ?? '').split('\n').filter(Boolean)) {
      env[line.slice(0, line.indexOf('='))] = line.slice(line.indexOf('=') + 1)
    }
    try {
      for (const { name, fake } of fakes) await fake.listen(join(place.sockets, `${name}.sock`))
      const input = found.stdin === undefined ? {} : { input: found.stdin }
      const ran = await place.run([...builtProgram(argv0), ...args], {
        env,
        netns: net.name,
        encoding: 'latin1',
        ...input,
      })
      return { ...ran, request: fakes.map(({ fake }) => fake.received).join('') }
    } finally {
      for (const { fake } of fakes) await fake.close()
    }
  }

  for (const [group, cases] of Object.entries(recorded)) {
    if (group === 'sockets') continue
    describe(group, () => {
      test.each(cases.map((found): [string, Case] => [found.name, found]))('%s', async (_name, found) => {
        const { status, stdout, stderr, request } = await wg(group, found)
        if (found.exit < 0) {
          // Upstream crashes here (spec wg §23): an error instead.
          expect([status, stderr]).toEqual([1, 'Unable to access interface: Protocol error\n'])
          return
        }
        if (found.stderr.includes('usage text withheld')) {
          expect(stderr.split('\n')[0]).toBe(found.stderr.split('\n')[0])
          expect(stderr).toContain('Usage: wg <cmd> [<args>]\n\nAvailable subcommands:\n  show: ')
        } else if (group === 'show-multi')
          expect(stderr.split('\n').sort()).toEqual(found.stderr.split('\n').sort())
        else expect(stderr).toBe(found.stderr)
        if (found.name === 'version') expect(stdout).toMatch(/^wireguard-tools v1\.0\.20260223 - /)
        else if (found['readdir-order'] === undefined || stdout === found.stdout)
          expect(stdout).toBe(found.stdout)
        // The order of names is free (spec wg §23): compare what is in it.
        else expect(wordsOf(stdout)).toEqual(wordsOf(found.stdout))
        expect(status).toBe(found.exit)
        if (found['uapi-request'] !== undefined) expect(request).toBe(found['uapi-request'])
      })
    })
  }

  describe('sockets', () => {
    test('two connections for one command: a probe and the request', async () => {
      const fake = new FakeUapi()
      await fake.listen(join(place.sockets, 'wgf0.sock'))
      const ran = await place.run([...builtProgram('wg'), 'show', 'wgf0', 'dump'])
      await fake.close()
      expect(ran).toEqual({ status: 0, stdout: '(none)\t(none)\t0\toff\n', stderr: '' })
      expect(fake.connections).toBe(2)
    })

    test.each(['averyveryverylongname', 'with space', 'x'])('a device named %s', async (name) => {
      const fake = new FakeUapi()
      await fake.listen(join(place.sockets, `${name}.sock`))
      const shown = await place.run([...builtProgram('wg'), 'show', name, 'dump'])
      const listed = await place.run([...builtProgram('wg'), 'show', 'interfaces'])
      const set = await place.run([...builtProgram('wg'), 'set', name, 'listen-port', '5'])
      await fake.close()
      expect(shown).toEqual({ status: 0, stdout: '(none)\t(none)\t0\toff\n', stderr: '' })
      expect(listed).toEqual({ status: 0, stdout: `${name}\n`, stderr: '' })
      // `set` cuts the name to 15 bytes, `show` does not.
      expect(set.stderr).toBe(name.length > 15 ? 'Unable to modify interface: Protocol not supported\n' : '')
    })

    test('a regular file is not a device and stays; a stale socket is removed', async () => {
      writeFileSync(join(place.sockets, 'file.sock'), '')
      const ran = await place.run([...builtProgram('wg'), 'show', 'file'])
      expect(ran.stderr).toBe('Unable to access interface: Protocol not supported\n')
      expect(existsSync(join(place.sockets, 'file.sock'))).toBe(true)

      const stale = join(place.sockets, 'stale.sock')
      await leaveStaleSocket(stale)
      expect(existsSync(stale)).toBe(true)
      const listed = await place.run([...builtProgram('wg'), 'show', 'interfaces'])
      expect(listed).toEqual({ status: 0, stdout: '', stderr: '' })
      expect(existsSync(stale)).toBe(false)
    })
  })
})

const wordsOf = (text: string): string[] => text.split(/\s+/).filter(Boolean).sort()

/** Leaves a socket file behind that nobody listens on: binds under another name and renames, so that closing misses it. */
const leaveStaleSocket = async (path: string): Promise<void> => {
  const { renameSync } = await import('node:fs')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(`${path}.bound`, resolve))
  renameSync(`${path}.bound`, path)
  await new Promise<void>((resolve) => server.close(() => resolve()))
}
