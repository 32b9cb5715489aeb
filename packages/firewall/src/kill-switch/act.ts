// SPDX-License-Identifier: MIT
import type { Op } from '@wgq/model/operation'
import { type FilterCall, nftCall, restoreCalls } from '../calls.ts'
import { firewallTool } from '../default-route/choose.ts'
import { readNftTables } from '../listings.ts'
import type { FilterTools } from '../tools.ts'
import { removeIptablesKillSwitch, writeIptablesKillSwitch } from './iptables-text.ts'
import { killSwitchTable, removeKillSwitch, writeKillSwitch } from './nft-text.ts'

/** What switches a kill switch on or off, in order; one that is not there takes nothing. Changes nothing itself. */
export const killSwitchCalls = async (
  dependencies: FilterTools,
  op: Extract<Op, { do: 'killswitch.on' | 'killswitch.off' }>,
): Promise<FilterCall[]> => {
  const tool = await firewallTool(dependencies)
  if (op.do === 'killswitch.on') {
    if (tool === 'nft') return [nftCall(writeKillSwitch(op.dev, op))]
    return restoreCalls(dependencies, (family, saved) => writeIptablesKillSwitch(op.dev, family, op, saved))
  }
  // Whatever it was switched on with may be what it has to be switched off with.
  const present = await readNftTables(dependencies, [killSwitchTable(op.dev)])
  if (present?.size) return [nftCall(removeKillSwitch(op.dev))]
  const calls = await restoreCalls(dependencies, (_, saved) => removeIptablesKillSwitch(op.dev, saved))
  // Where no tool can tell what is there, the one that was used says why.
  return calls.length > 0 || tool === 'nft' || dependencies.find('iptables-save') !== undefined
    ? calls
    : [nftCall(removeKillSwitch(op.dev))]
}
