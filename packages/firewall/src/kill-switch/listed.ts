// SPDX-License-Identifier: MIT
import type { KillSwitchState } from '../state.ts'

/** The kill switch that listed rules stand for: marks as they are written, in the order of their rules. */
export const listedKillSwitch = (
  [mark = '0', alsoMark]: readonly string[],
  resolvers: readonly string[],
  allow: readonly string[],
): KillSwitchState => ({
  mark: Number(mark),
  ...(alsoMark === undefined ? {} : { alsoMark: Number(alsoMark) }),
  resolvers,
  ...(allow.length > 0 ? { allow } : {}),
})
