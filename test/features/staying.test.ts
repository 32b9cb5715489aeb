// SPDX-License-Identifier: MIT
// The process that brings a tunnel up goes on as its data plane: it is a daemon like one of its own, and nothing of the caller's.
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { builtBin } from '../support/built-program.ts'
import { whyNoTunnel } from '../support/implementation.ts'
import { Namespace, until } from '../support/netns.ts'
import { PrivateRun, whyNoPrivateRun } from '../support/private-run.ts'
import { makeTextKeys } from '../support/tunnel.ts'

const why = whyNoTunnel() ?? whyNoPrivateRun()
if (why) console.warn(`features/staying: skipped: ${why}`)

const commandLine = (pid: number): string[] => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}

test('the bundle of up holds nothing of the data plane, which has one of its own', () => {
  const bundle = (name: string) => readFileSync(join(builtBin, `../lib/${name}.cjs`), 'utf8')
  const label = 'Sending handshake initiation'
  for (const name of ['wgq', 'up', 'wg-quick', 'host']) expect(bundle(name)).not.toContain(label)
  expect(bundle('serve-here')).toContain(label)
})

describe.skipIf(why)('the process of up', () => {
  let ns: Namespace
  let run: PrivateRun
  beforeEach(() => {
    ns = new Namespace('staying')
    run = new PrivateRun()
  })
  afterEach(() => {
    ns.remove()
    run.remove()
  })

  const write = (peer = '', more = ''): void => {
    const text = `[Interface]\nPrivateKey = ${makeTextKeys().privateKey}\nAddress = 10.9.0.1/24\n${more}`
    writeFileSync(join(run.work, 'stay0.conf'), text + peer, { mode: 0o600 })
  }
  const nowhere = () =>
    `[Peer]\nPublicKey = ${makeTextKeys().publicKey}\nEndpoint = gate.invalid:51820\nAllowedIPs = 10.9.0.0/24\n`
  const program = (name: string) => join(builtBin, name)
  const daemons = () => ns.pids().filter((pid) => commandLine(pid)[0]?.trim() === 'wgqd stay0')
  const links = () => ns.run('ip', '-br', 'link')

  test('is a daemon with a session, streams and rights of its own, and holds no lock of the caller', async () => {
    write()
    const locked = 'exec 9>held 200>held2; flock 9; flock 200; "$@" ./stay0.conf && echo "status $?"'
    const up = await run.run(['bash', '-c', locked, 'bash', program('wgq'), 'up'], { netns: ns.name })
    expect(up, up.stderr).toMatchObject({ status: 0, stdout: 'status 0\n' })
    const [pid = 0, ...others] = daemons()
    expect(others).toEqual([])
    const threads = () =>
      readdirSync(`/proc/${pid}/task`).map((id) => readFileSync(`/proc/${pid}/task/${id}/status`, 'utf8'))
    expect(threads().length).toBeGreaterThan(6)
    for (const status of threads()) {
      expect(status).toMatch(/^NoNewPrivs:\t1$/m)
      for (const held of ['CapEff', 'CapPrm', 'CapBnd'])
        expect(status).toMatch(new RegExp(`^${held}:\t0000000000001c00$`, 'm'))
      for (const given of ['CapInh', 'CapAmb'])
        expect(status).toMatch(new RegExp(`^${given}:\t0000000000000000$`, 'm'))
    }
    // The signal to the launcher is the last system call that the filter would refuse.
    await until('the filter', () => threads().every((status) => /^Seccomp:\t2$/m.test(status)))
    const [, , , , group, session] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\)/, 'x x')
      .split(' ')
    expect([group, session]).toEqual([`${pid}`, `${pid}`])
    expect(readlinkSync(`/proc/${pid}/cwd`)).toBe('/')
    const targets = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
    expect(targets.filter((target) => target.startsWith(run.root))).toEqual([])
    expect([0, 1, 2].map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))).toEqual(Array(3).fill('/dev/null'))
    expect(ns.pids()).toEqual([pid])
    const down = await run.run([program('wgq'), 'down', './stay0.conf'], { netns: ns.name })
    expect(down, down.stderr).toMatchObject({ status: 0 })
    await until('the data plane to end', () => ns.pids().length === 0)
  })

  test('leaves the data plane to a process of its own where there are hooks', async () => {
    write('', 'PostUp = readlink /proc/self/fd/2 > seen\n')
    const up = await run.run([program('wg-quick'), 'up', './stay0.conf'], { netns: ns.name })
    expect(up, up.stderr).toMatchObject({ status: 0 })
    expect(readFileSync(join(run.work, 'seen'), 'utf8')).not.toContain('null')
    expect(daemons()).toHaveLength(1)
  })

  test.each(['SIGKILL', 'SIGTERM'] as const)('its launcher ended by %s: nothing is left', async (signal) => {
    write(nowhere())
    const env = { WG_ENDPOINT_RESOLUTION_RETRIES: 'infinity' }
    const up = run.start([program('wg-quick'), 'up', './stay0.conf'], ns.name, env)
    await until('the interface', () => links().includes('stay0'))
    up.kill(signal)
    await until('everything to go', () => ns.pids().length === 0 && !links().includes('stay0'))
    expect(readdirSync(join(run.root, 'run/wgq')).filter((name) => name.endsWith('.json'))).toEqual([])
    expect(readdirSync(run.sockets)).toEqual([])
  })

  test('an interrupt that comes before Node has a handler is not lost', async () => {
    write()
    const node = join(run.work, 'node')
    writeFileSync(node, `#!/bin/sh\nkill -INT $PPID\nsleep 0.5\nexec '${process.execPath}' "$@"\n`, {
      mode: 0o755,
    })
    const up = await run.run([program('wgq'), 'up', './stay0.conf'], {
      netns: ns.name,
      env: { WGQ_NODE: node },
    })
    expect(up, up.stderr).toMatchObject({ status: 130 })
    await until('the process to end', () => ns.pids().length === 0)
    expect(links()).not.toContain('stay0')
  })

  test('without standard input it comes up too, and a fault ends it with the status of the fault', async () => {
    write()
    const closed = ['sh', '-c', 'exec "$@" <&-', 'sh', program('wgq'), 'up', './stay0.conf']
    expect(await run.run(closed, { netns: ns.name })).toMatchObject({ status: 0 })
    expect(await run.run([program('wg-quick'), 'up', './stay0.conf'], { netns: ns.name })).toMatchObject({
      status: 1,
      stderr: "wg-quick: `stay0' already exists\n",
    })
    expect(daemons()).toHaveLength(1)
  })
})
