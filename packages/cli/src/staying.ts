// SPDX-License-Identifier: MIT
import { closeSync, readdirSync, readlinkSync } from 'node:fs'
import { endWithParent } from '@wgq/backends/own-process'
import type { DataPlaneHere } from './serve-here.ts'

/**
 * Holds the process ID of the launcher of `up`, which waits until this process ends or signals with SIGUSR2 that the
 * tunnel is up and the process continues as its data plane. That avoids starting a second Node.js
 * (docs/performance.md).
 */
const variable = 'WGQ_WAITER'

let waiter: number | undefined
let writeCompiledCode: (() => void) | undefined
let here: DataPlaneHere | undefined
/** Descriptors of the caller. */
let inherited: readonly number[] = []

/**
 * Whether this process may continue as the data plane, because its launcher waits for it. If so, it gets SIGTERM when
 * the launcher is killed. Child processes never get the launcher's variable. `write` writes the cached code.
 */
export const mayStay = (write?: () => void): boolean => {
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
  writeCompiledCode = write
  inherited = descriptorsOf(told)
  return true
}

/**
 * Starts the data plane of interface `name` in this process, with `more` added to its environment. Resolves to 0, or 1
 * and the reason.
 */
export const startHere = async (
  name: string,
  more: NodeJS.ProcessEnv,
): Promise<{ readonly status: number; readonly text: string }> => {
  const { serveHere } = await import('./serve-here.ts')
  here = await serveHere(name, { ...process.env, ...more }, writeCompiledCode)
  return here
}

/**
 * Ends `up`: with a data plane in this process, status 0 and a waiting launcher, it never resolves and the process
 * continues. Otherwise the data plane ends; resolves to the status.
 */
export const staying = (status: number): Promise<number> => {
  if (here === undefined || here.hasEnded || status !== 0 || waiter === undefined) {
    here?.end()
    return Promise.resolve(status)
  }
  const launcher = waiter
  // Otherwise a lock of the caller would be held while the tunnel is up.
  for (const fd of inherited) closeSync(fd)
  here.stay(() => {
    endWithParent(false)
    if (process.ppid === launcher) process.kill(launcher, 'SIGUSR2')
  })
  return new Promise(() => {})
}

// --- internal ---

/**
 * Descriptors open in both this process and its launcher; those that the launcher opened for itself are not inherited.
 */
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
