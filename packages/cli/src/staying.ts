// SPDX-License-Identifier: MIT
import { closeSync, readdirSync, readlinkSync } from 'node:fs'
import { endWithParent } from '@wgq/backends/own-process'
import type { DataPlaneHere } from './serve-here.ts'

/**
 * The launcher of `up` waits for one of two things: that this process ends, or that it says by SIGUSR2 that the tunnel is
 * up and the process goes on as its data plane. That spares the start of a second Node.js (docs/performance.md).
 */
const variable = 'WGQ_WAITER'

let waiter: number | undefined
let here: DataPlaneHere | undefined
/** Descriptors of the caller. */
let inherited: readonly number[] = []

/**
 * Says whether this process may go on as the data plane: its launcher waits for it. From then on it gets SIGTERM
 * when the launcher is killed. Children never see the launcher's variable.
 */
export const mayStay = (): boolean => {
  const told = Number(process.env[variable])
  delete process.env[variable]
  if (process.platform !== 'linux' || !(told > 1) || process.ppid !== told) return false
  try {
    endWithParent(true)
  } catch {
    return false
  }
  if (process.ppid !== told) return false
  waiter = told
  inherited = descriptorsOf(told)
  return true
}

/** Starts the data plane of interface `name` in this process, as if its environment had `more`. Resolves to 0, or 1 and the reason. */
export const startHere = async (
  name: string,
  more: NodeJS.ProcessEnv,
): Promise<{ readonly status: number; readonly text: string }> => {
  const { serveHere } = await import('./serve-here.ts')
  here = await serveHere(name, { ...process.env, ...more })
  return here
}

/**
 * The end of an `up`: with a data plane in this process, a status of 0 and a launcher that waits, it never resolves and the
 * process goes on. Otherwise the data plane ends; resolves to the status.
 */
export const staying = (status: number): Promise<number> => {
  if (here === undefined || here.hasEnded || status !== 0 || waiter === undefined) {
    here?.end()
    return Promise.resolve(status)
  }
  const launcher = waiter
  // A lock of the caller would be held for as long as the tunnel is up.
  for (const fd of inherited) closeSync(fd)
  here.stay(() => {
    endWithParent(false)
    if (process.ppid === launcher) process.kill(launcher, 'SIGUSR2')
  })
  return new Promise(() => {})
}

// --- internal ---

/** Those that both this process and its launcher have: what the launcher opened for itself is not passed on. */
const descriptorsOf = (launcher: number): number[] =>
  readdirSync(`/proc/${launcher}/fd`)
    .map(Number)
    .filter((fd) => fd > 2 && targetOf('self', fd) === targetOf(launcher, fd))

const targetOf = (pid: number | 'self', fd: number): string | undefined => {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`)
  } catch {
    return undefined
  }
}
