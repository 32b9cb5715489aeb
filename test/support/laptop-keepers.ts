// SPDX-License-Identifier: MIT

import { existsSync } from 'node:fs'
import { commandLine } from './command-line.ts'
import { program } from './implementation.ts'
import type { Keeper, Laptop } from './laptop.ts'
import { pause } from './laptop.ts'
import { until } from './netns.ts'

const pidsOf = ({ ns }: Laptop, ...words: string[]): number[] =>
  ns.pids().filter((pid) => words.every((word) => commandLine(pid).includes(word)))

const kill = (pids: readonly number[]): void => {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has already exited.
    }
  }
}

/** `wgq run` under a service manager that restarts it after a second, like wgq-run@; `log` gets its output. */
export const followedByWgq = (log: (text: string) => void): Keeper => {
  let stopping = false
  const start = (laptop: Laptop): void => {
    stopping = false
    const child = laptop.ns.start(program('wgq'), ['run', laptop.configPath], {
      WG_QUICK_USERSPACE_IMPLEMENTATION: '',
    })
    child.stderr?.setEncoding('utf8').on('data', log)
    child.once('close', (status) => {
      if (stopping || status === 0) return
      setTimeout(() => {
        if (!stopping) start(laptop)
      }, 1000)
    })
  }
  const plane = (laptop: Laptop) => pidsOf(laptop, 'wgqd', laptop.device)
  return {
    name: 'wgq run',
    start: async (laptop) => {
      start(laptop)
      await until(
        'the tunnel',
        () => laptop.ns.tryRun('ip', ['rule']).stdout.includes('suppress_prefixlength'),
        60_000,
      )
    },
    settle: async (laptop) => {
      let differences = ''
      const isInSync = () => {
        const { status, stdout, stderr } = laptop.ns.tryRun(program('wgq'), ['diff', laptop.configPath])
        differences = stdout + stderr
        return status === 0
      }
      await until('the tunnel to be as its file says', isInSync, 60_000).catch((error) => {
        throw new Error(`${error.message}: ${differences}`)
      })
    },
    crash: async (laptop) => kill(plane(laptop)),
    pids: (laptop) => [...plane(laptop), ...pidsOf(laptop, 'wgq', 'run', laptop.configPath)],
    stop: async (laptop) => {
      stopping = true
      for (const pid of pidsOf(laptop, 'wgq', 'run', laptop.configPath)) process.kill(pid, 'SIGTERM')
      await until('its end', () => pidsOf(laptop, laptop.configPath).length === 0, 30_000)
    },
  }
}

/** Debian's wg-quick with wireguard-go, and the endpoint script from its documentation, every 30 s. */
export const keptByWgQuick = (script: string): Keeper => {
  const env = { WG_QUICK_USERSPACE_IMPLEMENTATION: 'wireguard-go' }
  const up = (laptop: Laptop) => laptop.ns.tryRun('/usr/bin/wg-quick', ['up', laptop.configPath], { env })
  const plane = (laptop: Laptop) => pidsOf(laptop, 'wireguard-go')
  return {
    name: "Debian's wg-quick and its reresolve script",
    start: async (laptop) => {
      up(laptop)
      laptop.ns.start('sh', ['-c', `while sleep 30; do bash ${script} ${laptop.configPath}; done`])
    },
    settle: async () => {},
    // Nothing restarts it: its unit ended with `up`.
    crash: async (laptop) => kill(plane(laptop)),
    pids: plane,
    stop: async (laptop) => {
      laptop.ns.tryRun('/usr/bin/wg-quick', ['down', laptop.configPath], { env })
      await pause(1)
    },
  }
}

/** Its path on Debian. */
export const reresolveScript = [
  '/usr/share/doc/wireguard-tools/examples/reresolve-dns/reresolve-dns.sh',
].find((path) => existsSync(path))
