// SPDX-License-Identifier: MIT
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { workspace } from '../../../test/support/workspace.ts'

/** The median of the values; the upper one of two. */
export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** The value at a quantile: `share` of the values are below it. */
export const quantile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** CPU seconds of the whole machine without idle and I/O wait (proc(5), ticks of 10 ms). */
export const systemCpuSeconds = (): number => {
  const [first = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = first.split(/\s+/).slice(1).map(Number)
  return (user + nice + system + irq + softirq) / 100
}

/** CPU seconds that the threads of a process have used so far, with nanosecond resolution (proc(5), schedstat). */
export const cpuSeconds = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`)
    .map((thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]))
    .reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e9

/** Adds values to the list under a name. */
export const collect = <T>(lists: Record<string, T[]>, name: string, ...values: T[]): void => {
  lists[name] = [...(lists[name] ?? []), ...values]
}

/** Rounds a number to three significant digits. */
export const digits = (value: number): number => Number(value.toPrecision(3))

/** Prints a table and writes it with everything measured to bench-results/NAME.json. */
export const report = (name: string, rows: readonly object[], measured: unknown): void => {
  console.table(rows)
  const folder = join(workspace, 'bench-results')
  mkdirSync(folder, { recursive: true })
  const machine = { cpus: cpus().length, model: cpus()[0]?.model, node: process.version }
  writeFileSync(
    join(folder, `${name}.json`),
    `${JSON.stringify({ date: new Date().toISOString(), machine, rows, measured }, null, 2)}\n`,
  )
}
