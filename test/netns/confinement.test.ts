// SPDX-License-Identifier: MIT
// What a running daemon has given up, on each of its threads, and what signals can do to the long runs.
import { type ChildProcess, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { Daemon } from '../support/daemon.ts'
import { program, testingOurs, whyNoTunnel } from '../support/implementation.ts'
import { Namespace, until } from '../support/netns.ts'

const why = testingOurs ? whyNoTunnel() : 'of wgqd alone'
if (why) console.log(`confinement tests skipped: ${why}`)

describe.skipIf(why)('a running data plane', () => {
  const spaces: Namespace[] = []
  const space = (): Namespace => {
    const ns = new Namespace('conf')
    spaces.push(ns)
    return ns
  }
  afterEach(() => {
    for (const ns of spaces.splice(0)) ns.remove()
  })

  /** The lines of /proc/PID/task/TID/status, one record for each thread. */
  const threads = (pid: number): Record<string, string>[] =>
    readdirSync(`/proc/${pid}/task`).map((thread) =>
      Object.fromEntries(
        readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8')
          .split('\n')
          .map((line) => line.split(':\t')),
      ),
    )

  it.each([{}, { WGQ_THREADS: '4' }])(
    'holds three capabilities and a filter on all threads %o',
    async (env) => {
      const ns = space()
      const daemon = await Daemon.start(ns, { env })
      ns.run('ip', 'link', 'set', daemon.device, 'up')
      await until('the filter', () => threads(daemon.pid).every((thread) => thread['Seccomp'] === '2'))
      // CAP_NET_BIND_SERVICE, CAP_NET_BROADCAST, CAP_NET_ADMIN
      const three = '0000000000001c00'
      for (const thread of threads(daemon.pid))
        expect(thread).toMatchObject({
          NoNewPrivs: '1',
          Seccomp: '2',
          CapEff: three,
          CapPrm: three,
          CapBnd: three,
          CapAmb: '0000000000000000',
          CapInh: '0000000000000000',
        })
      expect(threads(daemon.pid).length).toBeGreaterThan(6)
    },
  )

  it('cannot be looked into by its own user', async () => {
    const daemon = await Daemon.start(space())
    const nosy = ['--bounding-set=-all', '--inh-caps=-all', 'cat', `/proc/${daemon.pid}/environ`]
    expect(spawnSync('setpriv', nosy, { encoding: 'utf8' }).stderr).toMatch(/Permission denied/)
  })

  /** TCP sockets that listen inside, but for those that were asked for. */
  const listening = (ns: Namespace): string[] =>
    ns
      .run('ss', '-tlnH')
      .split('\n')
      .filter((line) => line !== '' && !/:96[0-9]{2} /.test(line))

  const signals = (Object.keys(constants.signals) as NodeJS.Signals[]).filter(
    (signal) => !/^SIG(KILL|STOP|TSTP|TTIN|TTOU)$/.test(signal),
  )
  const runs: readonly (readonly ['wgq' | 'wgqd', (number: number) => readonly string[]])[] = [
    ['wgqd', (number) => ['-f', `wgtsig${number}`]],
    ['wgq', (number) => ['wait', `wgtsig${number}`, '--timeout', '60']],
    ['wgq', (number) => ['watch', `wgtsig${number}`]],
    ['wgq', (number) => ['metrics', '--listen', `127.0.0.1:${9600 + number}`]],
    ['wgq', () => ['show', '--json', '--watch']],
    ['wgq', () => ['pubkey']],
  ]

  it.each(runs.map(([name, args]) => [name, args(0).join(' '), args] as const))(
    '%s %s never listens for a debugger, whatever signal comes',
    async (name, _, args) => {
      const ns = space()
      const start = (number: number): ChildProcess =>
        ns.start(program(name), args(number), { WG_PROCESS_FOREGROUND: '1' }, 'pipe')
      // From its first moment on: the handler of the program is not there yet.
      const early = start(99)
      for (let i = 1; i <= 60; i++) {
        early.kill('SIGUSR1')
        await pause(10)
        if (i % 10 === 0) expect(listening(ns)).toEqual([])
      }
      early.kill('SIGKILL')
      const children = signals.map((_signal, number) => start(number))
      // Long enough for most to be in place; what comes too early or too late must not do harm either.
      await pause(1500)
      for (const [number, child] of children.entries()) child.kill(signals[number])
      await pause(100)
      expect(listening(ns)).toEqual([])
      for (const child of children) child.kill('SIGKILL')
    },
  )
})
