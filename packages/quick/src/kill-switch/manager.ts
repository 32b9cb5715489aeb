// SPDX-License-Identifier: MIT
import type { Op } from '@wgq/model/operation'
import type { Edges } from '../edges.ts'
import { readNftTables } from '../firewall/nft-tables.ts'
import type { KillSwitchState } from '../state/tunnel-state.ts'
import { killSwitchTable, writeKillSwitch } from './nft-text.ts'

/** The kill switch of an interface as nft has it; undefined where there is none. */
export const readKillSwitch = async (edges: Edges, dev: string): Promise<KillSwitchState | undefined> => {
  const table = killSwitchTable(dev)
  const text = (await readNftTables(edges, [table]))?.get(table)
  if (text === undefined) return undefined
  const mark = /meta mark (0x[0-9a-f]+) accept/.exec(text)?.[1]
  return { mark: Number(mark ?? 0), resolvers: [] }
}

/** The operation that puts a kill switch in place, or another one in the place of one that is there, without a gap. */
export const planKillSwitchOn = (dev: string, { mark }: KillSwitchState): Op => ({
  do: 'killswitch.on',
  dev,
  text: writeKillSwitch({ dev, endpoints: [], mark }),
})
