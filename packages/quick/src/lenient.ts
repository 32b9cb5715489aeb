// SPDX-License-Identifier: MIT

import type { Op } from '@wgq/model/operation'
import { Failure } from './run/failure.ts'
import type { Run } from './run/run.ts'
import type { Session } from './session.ts'
import { srcValidMarkKey } from './state/default-route.ts'

/** As `wgq` without --strict, `up` skips what this machine lacks and prints one line for each. */
export const isLenient = ({ style, strict }: Session): boolean => style === 'wgq' && !strict

/**
 * Carries out the steps of a default route. In a lenient session, what only adds protection may fail: a read-only
 * sysctl (containers), a firewall without a tool or without its tables.
 */
export const performProtection = async (run: Run, ops: readonly Op[]): Promise<void> => {
  if (!isLenient(run.session)) return run.perform(ops)
  let row: Op[] = []
  for (const op of ops) {
    if (op.do !== 'sysctl.set' && op.do !== 'firewall.load') {
      row.push(op)
      continue
    }
    await run.perform(row)
    row = []
    if (op.do === 'sysctl.set') await lenientSysctl(run, op)
    else await lenientFirewall(run, op)
  }
  await run.perform(row)
}

/** Notes what the machine did not accept, so that it is not reported as a difference later. */
export const leaveOut = ({ keeper }: Run, what: 'firewall' | 'sysctl' | 'dns'): void =>
  keeper?.update({ without: [...new Set([...(keeper.journal.without ?? []), what])] })

const lenientSysctl = async (run: Run, op: Extract<Op, { do: 'sysctl.set' }>): Promise<void> => {
  if (await works(run, op)) return
  // The interface's own settings only save a detour.
  if (op.key !== srcValidMarkKey) return
  leaveOut(run, 'sysctl')
  const { dependencies, name } = run.session
  // 1 is strict; the larger one of "all" and the interface counts (ip-sysctl, rp_filter).
  const strict = dependencies.readSysctl('net.ipv4.conf.all.rp_filter') === '1'
  const effect = strict
    ? 'the strict reverse path filter (rp_filter = 1) will drop replies'
    : 'no harm while rp_filter is not 1'
  dependencies.print(`[!] Going on without ${op.key} = ${op.value} for ${name}: ${effect}.\n`)
}

const lenientFirewall = async (run: Run, op: Extract<Op, { do: 'firewall.load' }>): Promise<void> => {
  const { dependencies, name } = run.session
  const open = `packets from outside to the addresses of ${name} are not dropped`
  if (dependencies.find(op.tool) === undefined) {
    leaveOut(run, 'firewall')
    dependencies.print(`[!] Going on without a firewall: ${op.tool} is not installed; ${open}.\n`)
    return
  }
  if (await works(run, op)) return
  leaveOut(run, 'firewall')
  const mangle = /^\*mangle\n[\s\S]*^COMMIT\n/m.exec(op.text)?.[0]
  if (mangle !== undefined && (await works(run, { ...op, text: mangle }))) {
    dependencies.print(`[!] Going on without the raw table: ${open}.\n`)
    return
  }
  dependencies.print(`[!] Going on without a firewall: ${op.tool} refuses; ${open}.\n`)
}

const works = async (run: Run, op: Op): Promise<boolean> => {
  try {
    await run.perform([op])
    return true
  } catch (error) {
    if (error instanceof Failure) return false
    throw error
  }
}
