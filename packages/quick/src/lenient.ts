// SPDX-License-Identifier: MIT

import type { Op } from '@wgq/model/operation'
import { Failure } from './run/failure.ts'
import type { Runner } from './run/runner.ts'
import type { Session } from './session.ts'

/** Under wgq's own name a tunnel comes up without what the machine cannot do, one line each; not with `--strict`. */
export const isLenient = ({ style, strict }: Session): boolean => style === 'wgq' && !strict

/**
 * Carries out the steps of a default route. What only adds protection may fail where the session is lenient: a read-only
 * sysctl (containers), a firewall without a tool or without its tables.
 */
export const performProtection = async (
  session: Session,
  runner: Runner,
  ops: readonly Op[],
): Promise<void> => {
  if (!isLenient(session)) return runner.perform(ops)
  for (const op of ops) {
    if (op.do === 'sysctl.set') await lenientSysctl(session, runner, op)
    else if (op.do === 'firewall.load') await lenientFirewall(session, runner, op)
    else await runner.perform([op])
  }
}

const lenientSysctl = async (
  { edges, name }: Session,
  runner: Runner,
  op: Extract<Op, { do: 'sysctl.set' }>,
): Promise<void> => {
  if (await works(runner, op)) return
  // 1 is strict; the larger one of "all" and the interface counts (ip-sysctl, rp_filter).
  const strict = edges.readSysctl('net.ipv4.conf.all.rp_filter') === '1'
  const effect = strict
    ? 'the strict reverse path filter (rp_filter = 1) will drop replies'
    : 'no harm while rp_filter is not 1'
  edges.print(`[!] Going on without ${op.key} = ${op.value} for ${name}: ${effect}.\n`)
}

const lenientFirewall = async (
  { edges, name }: Session,
  runner: Runner,
  op: Extract<Op, { do: 'firewall.load' }>,
): Promise<void> => {
  const open = `packets from outside to the addresses of ${name} are not dropped`
  if (edges.find(op.tool) === undefined) {
    edges.print(`[!] Going on without a firewall: ${op.tool} is not installed; ${open}.\n`)
    return
  }
  if (await works(runner, op)) return
  const mangle = /^\*mangle\n[\s\S]*^COMMIT\n/m.exec(op.text)?.[0]
  if (mangle !== undefined && (await works(runner, { ...op, text: mangle }))) {
    edges.print(`[!] Going on without the raw table: ${open}.\n`)
    return
  }
  edges.print(`[!] Going on without a firewall: ${op.tool} refuses; ${open}.\n`)
}

const works = async (runner: Runner, op: Op): Promise<boolean> => {
  try {
    await runner.perform([op])
    return true
  } catch (error) {
    if (error instanceof Failure) return false
    throw error
  }
}
