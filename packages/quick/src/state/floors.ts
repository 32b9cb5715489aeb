// SPDX-License-Identifier: MIT
import type { Host, Route } from '@wgq/model/host'
import type { Family } from '@wgq/model/ip'
import type { Op } from '@wgq/model/operation'

/** An `unreachable` default route with the worst metric: it rejects what no other route of the table matches. */
export interface Floor {
  readonly family: Family
  /** A mark, which is also the number of a table. */
  readonly table: number
}

/** The same text for the same floor. */
export const floorId = ({ family, table }: Floor): string => `${family} ${table}`

/** Says whether a route has the shape of a floor: others may have an `unreachable` route of another metric there. */
export const isFloor = ({ type, dst, metric }: Route): boolean =>
  type === 'unreachable' && dst.prefixLength === 0 && metric === floorMetric

const floorMetric = 0xffff_ffff

/** The floors noted in a journal. */
export const notedFloors = (noted: readonly Op[]): Floor[] =>
  noted.flatMap((op) => (op.do === 'floor.delete' ? [{ family: op.family, table: op.table }] : []))

/** Those of `floors` that exist, each once: an interrupted run may have noted one before it made it. */
export const presentFloors = async (
  host: Pick<Host, 'routes'>,
  floors: readonly Floor[],
): Promise<Floor[]> => {
  const found: Floor[] = []
  for (const floor of new Map(floors.map((one) => [floorId(one), one])).values()) {
    const routes = await host.routes(floor)
    if (routes.some(isFloor)) found.push(floor)
  }
  return found
}

/** Operations that remove the existing floors. */
export const planFloorRemoval = async (host: Pick<Host, 'routes'>, floors: readonly Floor[]): Promise<Op[]> =>
  (await presentFloors(host, floors)).map((floor) => ({ do: 'floor.delete', ...floor }))
