// SPDX-License-Identifier: MIT
import type { Op } from '@wgq/model/operation'
import type { KillSwitchState } from '../state.ts'

/** A kill switch once names of endpoints are known. Without a mark, answers cannot be distinguished from other packets. */
export const guarding = (mark: number, allowed: readonly string[] = []): KillSwitchState => {
  const allow = mark === 0 ? allowed.filter((token) => token !== 'replies') : allowed
  return { mark, resolvers: [], ...(allow.length > 0 ? { allow } : {}) }
}

/** The kill switch that also lets pass what the device marks before or after its mark changes from `now` to `next`; the same where it does. */
export const whileMarkMoves = (guard: KillSwitchState, now: number, next: number): KillSwitchState => {
  const other = guard.mark === now ? next : now
  const passes = other === 0 || other === guard.mark || other === guard.alsoMark
  return now === next || guard.mark === 0 || passes ? guard : { ...guard, alsoMark: other }
}

/** The operation that puts a kill switch in place, or another one in the place of one that is there, without a gap. */
export const planKillSwitchOn = (dev: string, { mark, alsoMark, resolvers, allow }: KillSwitchState): Op => ({
  do: 'killswitch.on',
  dev,
  mark,
  ...(alsoMark === undefined ? {} : { alsoMark }),
  resolvers,
  ...(allow === undefined ? {} : { allow }),
})
