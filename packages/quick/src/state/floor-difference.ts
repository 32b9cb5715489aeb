// SPDX-License-Identifier: MIT
import type { Op } from '@wgq/model/operation'
import type { Difference } from './device-difference.ts'
import { type Floor, floorId } from './floors.ts'
import { markOf } from './rule-difference.ts'
import type { Seen } from './seen.ts'
import type { TunnelState } from './tunnel-state.ts'

/** Floors that come before all steps, and which of them are missing for good. Those that nobody needs any more go last. */
interface FloorChanges {
  readonly additions: readonly Op[]
  readonly differences: readonly Difference[]
}

/** Floors that the tunnel is to have, and those that `steps` need because they open a gap. */
export const planFloors = (seen: Seen, wanted: TunnelState, steps: readonly Op[]): FloorChanges => {
  const there = new Set((seen.state.floors ?? []).map(floorId))
  const missing = (wanted.floors ?? []).filter((floor) => !there.has(floorId(floor)))
  const needed = opensGap(seen, wanted, steps) ? tablesOf(seen, wanted) : []
  const all = new Map([...missing, ...needed].map((floor) => [floorId(floor), floor]))
  return {
    additions: [...all].filter(([id]) => !there.has(id)).map(([, floor]) => ({ do: 'floor.add', ...floor })),
    differences: missing.map(({ family, table }) => ({
      object: 'route',
      id: family === 4 ? '0.0.0.0/0' : '::/0',
      wanted: `unreachable, table ${table}`,
    })),
  }
}

/**
 * Says whether a step takes routes of a default route away for a moment, or whether they are gone already: an address that
 * goes may take all of its family along.
 */
const opensGap = (seen: Seen, wanted: TunnelState, steps: readonly Op[]): boolean =>
  wanted.rules.length > 0 &&
  (!seen.link.up ||
    steps.some(
      (op) =>
        op.do === 'address.delete' ||
        op.do === 'device.fwmark' ||
        (op.do === 'route.add' && op.dst.prefixLength === 0 && seen.pairs.length > 0),
    ))

/** The tables of default routes, as they are and as they are to be. */
const tablesOf = (seen: Seen, wanted: TunnelState): Floor[] =>
  [
    ...seen.pairs.map(({ family, mark }) => ({ family, table: mark })),
    ...([4, 6] as const).flatMap((family) => {
      const table = markOf(wanted, family)
      return table === undefined ? [] : [{ family, table }]
    }),
  ].filter(({ family }) => markOf(wanted, family) !== undefined)
