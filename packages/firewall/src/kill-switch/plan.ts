// SPDX-License-Identifier: MIT
import type { Op } from '@wgq/model/operation'
import type { KillSwitchState } from '../state.ts'

/** A kill switch after endpoint names were resolved. Without a mark, replies look like other packets. */
export const guarding = (mark: number, allowed: readonly string[] = []): KillSwitchState => {
  const allow = mark === 0 ? allowed.filter((token) => token !== 'replies') : allowed
  return { mark, resolvers: [], ...(allow.length > 0 ? { allow } : {}) }
}

/** Lets both marks pass while the device's mark changes from `now` to `next`; unchanged if it allows both already. */
export const whileMarkMoves = (guard: KillSwitchState, now: number, next: number): KillSwitchState => {
  const other = guard.mark === now ? next : now
  const passes = other === 0 || other === guard.mark || other === guard.alsoMark
  return now === next || guard.mark === 0 || passes ? guard : { ...guard, alsoMark: other }
}

/** The operation that sets a kill switch, or replaces an existing one without a gap. */
export const planKillSwitchOn = (dev: string, { mark, alsoMark, resolvers, allow }: KillSwitchState): Op => ({
  do: 'killswitch.on',
  dev,
  mark,
  ...(alsoMark === undefined ? {} : { alsoMark }),
  resolvers,
  ...(allow === undefined ? {} : { allow }),
})
