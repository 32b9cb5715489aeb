// SPDX-License-Identifier: MIT
import type { Host } from '@wgq/model/host'
import type { Family } from '@wgq/model/ip'
import type { Op } from '@wgq/model/operation'

/** An `unreachable` default route with the worst metric: what no other route of the table takes goes nowhere. */
export interface Floor {
  readonly family: Family
  /** A mark, which is the number of a table. */
  readonly table: number
}

/** The same text for the same floor. */
export const floorId = ({ family, table }: Floor): string => `${family} ${table}`

/** The floors that a journal notes. */
export const notedFloors = (noted: readonly Op[]): Floor[] =>
  noted.flatMap((op) => (op.do === 'floor.delete' ? [{ family: op.family, table: op.table }] : []))

/** Those of `floors` that are there, each once: a run may have been cut off before it made one. */
export const presentFloors = async (
  host: Pick<Host, 'routes'>,
  floors: readonly Floor[],
): Promise<Floor[]> => {
  const found: Floor[] = []
  for (const floor of new Map(floors.map((one) => [floorId(one), one])).values()) {
    const routes = await host.routes(floor)
    if (routes.some(({ type, dst }) => type === 'unreachable' && dst.prefixLength === 0)) found.push(floor)
  }
  return found
}

/** What takes the floors away that are there. */
export const planFloorRemoval = async (host: Pick<Host, 'routes'>, floors: readonly Floor[]): Promise<Op[]> =>
  (await presentFloors(host, floors)).map((floor) => ({ do: 'floor.delete', ...floor }))
