// SPDX-License-Identifier: MIT
import type { Device } from '@wgq/model/device'
import type { Rule } from '@wgq/model/operation'
import type { Journal } from '../run/journal.ts'
import type { Session } from '../session.ts'
import { defaultsIn, isMarkOfAnother } from './mark-owner.ts'
import { isSetByHook } from './mentioned.ts'
import { isDefault, readRouting } from './routes.ts'
import { pairsOf, type RulePair } from './rule-plan.ts'

/**
 * Pairs with a mark that the journal notes; without a journal, those of a device for all packets that has the mark as
 * the only tunnel, unless `up` would make none and a hook makes rules. Raises the host's errors.
 */
export const ownPairs = async (
  session: Session,
  real: string,
  rules: readonly Rule[],
  device: Device,
  journal: Journal | undefined,
): Promise<RulePair[]> => {
  const marks = new Set(
    (journal?.undo ?? []).flatMap((op) => (op.do === 'rule.delete' ? (op.rule.notFwmark ?? []) : [])),
  )
  const all = ([4, 6] as const).flatMap((family) => pairsOf(rules, family))
  const { fwmark } = device
  const isUnclear = journal === undefined && all.some(({ mark }) => mark === fwmark)
  if (isUnclear && (await isForAll(session, real, device)) && !(await isMarkOfAnother(session, real, fwmark)))
    marks.add(fwmark)
  return all.filter(({ mark }) => marks.has(mark))
}

// --- internal ---

const isForAll = async (session: Session, real: string, { fwmark, peers }: Device): Promise<boolean> => {
  const { settings, dependencies } = session
  if (readRouting(settings.table?.value).to !== 'auto' && isSetByHook(settings, /\brule\b/)) return false
  if (peers.some(({ allowedIps }) => allowedIps.some(isDefault))) return true
  // `wg set` may have taken the default from its peer.
  return (await defaultsIn(dependencies.host, fwmark)).some(({ dev }) => dev === real)
}
