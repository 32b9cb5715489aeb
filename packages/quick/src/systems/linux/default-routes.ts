// SPDX-License-Identifier: MIT

import { chooseTool, firewallWriter } from '@wgq/firewall/default-route/choose'
import type { Cidr } from '@wgq/model/cidr'
import type { Device } from '@wgq/model/device'
import { WgqError } from '@wgq/model/error'
import type { Op } from '@wgq/model/operation'
import { performProtection } from '../../lenient.ts'
import { allJournals } from '../../run/journal-files.ts'
import { withLock } from '../../run/lock.ts'
import type { Run } from '../../run/run.ts'
import type { Session } from '../../session.ts'
import { firstMark, planDefaultRoute, srcValidMarkKey } from '../../state/default-route.ts'
import { ownExceptions } from '../../state/exception-rules.ts'
import { type Floor, isFloor, planFloorRemoval } from '../../state/floors.ts'
import { isMarkOfAnother } from '../../state/mark-owner.ts'
import { placeBehind } from '../../state/rule-place.ts'
import { pairsOf, removalOf } from '../../state/rule-plan.ts'
import { spelled } from '../../state/rules.ts'
import { noteSharedSysctls } from './sysctls.ts'

/**
 * Sends all packets of the given families through the tunnel (spec wg-quick §6.4). Runs under a lock: a mark is free
 * while its table is empty, and the table stays empty until the route is added.
 */
export const setDefaultRoutes = async (
  run: Run,
  device: Device,
  defaults: readonly Cidr[],
): Promise<void> => {
  if (defaults.length === 0) return
  await withLock(run.session.runDirectory, 'table', async () => {
    let mark = device.fwmark
    if (run.session.style === 'wgq' && mark !== 0) await refuseTakenMark(run, mark)
    for (const dst of defaults) {
      if (mark === 0) {
        mark = await freeMark(run.session)
        run.keeper?.update({ mark })
        await run.perform([{ do: 'device.fwmark', name: run.name, fwmark: mark }])
      }
      if (run.session.killSwitch) await putFloor(run, { family: dst.family, table: mark })
      await setDefaultRoute(run, dst, mark)
    }
    noteSharedSysctls(run)
  })
}

/** Raises `E_MARK` if the mark and its table belong to another full tunnel, before that loses its rules. */
const refuseTakenMark = async ({ session, name }: Run, mark: number): Promise<void> => {
  if (!(await isMarkOfAnother(session, name, mark))) return
  throw new WgqError('E_MARK', `FwMark ${mark} of ${name} belongs to another tunnel with a default route`, {
    hint: `\`ip route show table ${mark}\` shows it; give ${name} another FwMark, or none`,
  })
}

/**
 * Adds the floor of a guarded tunnel: if packet filters are flushed and the link is deleted, nothing is sent in clear.
 * Replaces one left by a lost run, so that this one is noted.
 */
const putFloor = async (run: Run, floor: Floor): Promise<void> =>
  run.perform([
    ...(await planFloorRemoval(run.session.dependencies.host, [floor])),
    { do: 'floor.add', ...floor },
  ])

const setDefaultRoute = async (run: Run, dst: Cidr, mark: number): Promise<void> => {
  const { name, dependencies, style } = run.session
  const { host } = dependencies
  // Remove rules of a run whose journal was lost: their table is empty. Upstream adds duplicates.
  if (style === 'wgq') {
    const present = await host.rules(dst.family)
    const left = pairsOf(present, dst.family).filter((pair) => pair.mark === mark)
    const suppress = left.flatMap((pair) => pair.suppress ?? [])
    const exceptions = ownExceptions(present, undefined, suppress, run.session.exceptions?.allow ?? [])
    await run.perform([
      ...left.flatMap(removalOf),
      ...exceptions.map((rule): Op => ({ do: 'rule.delete', rule: spelled(rule) })),
    ])
  }
  const rules = await host.rules(dst.family)
  const before = run.session.exceptions?.before
  const view = {
    rules,
    place:
      style !== 'wgq'
        ? undefined
        : before === undefined
          ? await placeBehind(host, dst.family, rules)
          : { before },
    allow: run.session.exceptions?.allow,
    addresses: (await host.addresses(name, dst.family)).map(({ cidr }) => cidr.address),
    srcValidMark: dst.family === 4 ? dependencies.readSysctl(srcValidMarkKey) : undefined,
  }
  await performProtection(
    run,
    planDefaultRoute(
      name,
      dst,
      mark,
      view,
      firewallWriter(await chooseTool(run.session.dependencies, run.session.style)),
    ),
  )
}

/**
 * The first mark from 51820 on whose table is empty in both families, and that no other tunnel has chosen. Ignores
 * routes of the interface itself, and floors that a tunnel has left.
 */
export const freeMark = async ({ dependencies: { host }, runDirectory, name }: Session): Promise<number> => {
  const taken = new Set(
    allJournals(runDirectory).flatMap((journal) => (journal.interface === name ? [] : (journal.mark ?? []))),
  )
  const isUsed = async (table: number): Promise<boolean> => {
    for (const family of [4, 6] as const)
      if ((await host.routes({ family, table })).some((route) => route.dev !== name && !isFloor(route)))
        return true
    return false
  }
  for (let mark = firstMark; ; mark++) if (!taken.has(mark) && !(await isUsed(mark))) return mark
}
