// SPDX-License-Identifier: MIT
import type { Op } from '@wgq/model/operation'
import type { Difference } from './device-difference.ts'
import { type Floor, floorId } from './floors.ts'
import { markOf } from './rule-difference.ts'
import type { Seen } from './seen.ts'
import type { TunnelState } from './tunnel-state.ts'

/** Floors to add before all steps, and which of them are wanted permanently. Unneeded ones are removed last. */
interface FloorChanges {
  readonly additions: readonly Op[]
  readonly differences: readonly Difference[]
}

/** Plans the wanted floors, and those that `steps` need because they open a gap. */
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
 * Says whether a step briefly removes routes of a default route, or whether they are gone already: deleting an address
 * may remove all routes of its family.
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

/** The tables of default routes, current and wanted. */
const tablesOf = (seen: Seen, wanted: TunnelState): Floor[] =>
  [
    ...seen.pairs.map(({ family, mark }) => ({ family, table: mark })),
    ...([4, 6] as const).flatMap((family) => {
      const table = markOf(wanted, family)
      return table === undefined ? [] : [{ family, table }]
    }),
  ].filter(({ family }) => markOf(wanted, family) !== undefined)
