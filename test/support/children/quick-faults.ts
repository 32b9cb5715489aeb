// SPDX-License-Identifier: MIT
import { writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fatal } from '../../../packages/cli/src/fatal.ts'
import { runQuick } from '../../../packages/cli/src/quick-session.ts'
import type { DeviceChange } from '../../../packages/model/src/device.ts'
import { WgqError } from '../../../packages/model/src/error.ts'
import type { Host } from '../../../packages/model/src/host.ts'
import type { Op } from '../../../packages/model/src/operation.ts'
import type { Dependencies } from '../../../packages/quick/src/dependencies.ts'
import { down, downWithoutConfig } from '../../../packages/quick/src/down.ts'
import { up } from '../../../packages/quick/src/up.ts'

// wg-quick with a fault: the n-th effect on the host fails, or the process is killed just before or after it, as the
// variable FAULT says (`fail:3`, `kill-before:3`, `kill-after:3`). The number of effects goes to the file COUNT_FILE.
const [kind = '', at = '0'] = (process.env['FAULT'] ?? '').split(':')
let effects = 0

const die = (): never => {
  process.kill(process.pid, 'SIGKILL')
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

const effect = async <T>(act: () => Promise<T> | T, fail: () => T | never): Promise<T> => {
  effects++
  const hit = effects === Number(at)
  if (hit && kind === 'kill-before') die()
  if (hit && kind === 'fail') return fail()
  try {
    return await act()
  } finally {
    if (hit && kind === 'kill-after') die()
  }
}

const refusal = (): never => {
  throw new WgqError('E_HOST', 'RTNETLINK answers: Fault injected', { errno: 'EIO', exitCode: 2 })
}

const faultyHost = (host: Host): Host => ({
  links: () => host.links(),
  link: (name) => host.link(name),
  addresses: (dev, family) => host.addresses(dev, family),
  routes: (query) => host.routes(query),
  rules: (family) => host.rules(family),
  routeTo: (address, mark) => host.routeTo(address, mark),
  close: () => host.close(),
  // Each operation separately, so that a fault can hit the middle of a batch.
  apply: async (ops: readonly Op[]) => {
    for (const [applied, op] of ops.entries()) {
      try {
        await effect(() => host.apply([op]), refusal)
      } catch (error) {
        throw Object.assign(error as object, { applied })
      }
    }
  },
})

const faulty = (dependencies: Dependencies): Dependencies => ({
  ...dependencies,
  host: faultyHost(dependencies.host),
  devices: {
    list: () => dependencies.devices.list(),
    read: (name) => dependencies.devices.read(name),
    change: (name: string, change: DeviceChange) =>
      effect(() => dependencies.devices.change(name, change), refusal),
  },
  run: (program, args, options) =>
    options?.capture
      ? dependencies.run(program, args, options)
      : effect(
          () => dependencies.run(program, args, options),
          () => ({ status: 77, stdout: '' }),
        ),
  writeSysctl: (key, value) => {
    effects++
    const hit = effects === Number(at)
    if (hit && kind === 'kill-before') die()
    if (hit && kind === 'fail') throw Object.assign(new Error('EIO'), { code: 'EIO' })
    dependencies.writeSysctl(key, value)
    if (hit && kind === 'kill-after') die()
  },
})

const [, , launcher = '', verb = '', ...args] = process.argv
const personality = basename(launcher) === 'wgq' ? 'wgq' : 'wg-quick'
const work = verb === 'up' ? up : down
runQuick(
  { personality, program: launcher, verb, args },
  (session) => work({ ...session, dependencies: faulty(session.dependencies) }),
  verb === 'down' ? downWithoutConfig : undefined,
)
  .catch((error) => fatal(error, personality))
  .then((status) => {
    const counted = process.env['COUNT_FILE']
    if (counted) writeFileSync(counted, String(effects))
    process.exit(status)
  })
