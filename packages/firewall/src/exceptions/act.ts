// SPDX-License-Identifier: MIT
import type { Op } from '@wgq/model/operation'
import { type FilterCall, filteredFamilies, nftCall, restoreCalls } from '../calls.ts'
import { firewallTool } from '../default-route/choose.ts'
import { readNftTables, saveOf } from '../listings.ts'
import type { AsideState } from '../state.ts'
import type { FilterTools } from '../tools.ts'
import { readIptablesAside, removeIptablesAside, writeIptablesAside } from './iptables-text.ts'
import { asideTable, readAsideTable, removeAside, writeAside } from './nft-text.ts'

/** What puts the marks of exceptions in place or takes them away, in order. Changes nothing itself. */
export const asideCalls = async (
  dependencies: FilterTools,
  op: Extract<Op, { do: 'aside.on' | 'aside.off' }>,
): Promise<FilterCall[]> => {
  if (op.do === 'aside.on') {
    if ((await firewallTool(dependencies)) === 'nft') return [nftCall(writeAside(op.dev, op))]
    return restoreCalls(dependencies, (_, saved) => writeIptablesAside(op.dev, op, saved))
  }
  // Whatever put them in place may be what has to take them away.
  const present = await readNftTables(dependencies, [asideTable(op.dev)])
  if (present?.size) return [nftCall(removeAside(op.dev))]
  return restoreCalls(dependencies, (_, saved) => removeIptablesAside(op.dev, saved))
}

/** The marks of exceptions as the system has them; undefined where there are none, or not all of them. */
export const readAside = async (dependencies: FilterTools, dev: string): Promise<AsideState | undefined> => {
  const table = asideTable(dev)
  const text = (await readNftTables(dependencies, [table]))?.get(table)
  if (text !== undefined) return readAsideTable(dev, text)
  const ipv4 = readIptablesAside(dev, (await saveOf(dependencies, 4)) ?? '')
  if (ipv4 === undefined || !filteredFamilies(dependencies).includes(6)) return ipv4
  const ipv6 = readIptablesAside(dev, (await saveOf(dependencies, 6)) ?? '')
  return ipv6?.mark === ipv4.mark && ipv6.allow.join() === ipv4.allow.join() ? ipv4 : undefined
}
