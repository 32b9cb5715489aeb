// SPDX-License-Identifier: MIT
import type { Family } from '@wgq/model/ip'
import type { Op } from '@wgq/model/operation'
import type { Edges } from '../edges.ts'
import { readNftTables } from '../firewall/nft-tables.ts'
import { firewallTool, saveOf } from '../firewall/tool.ts'
import { removeIptablesKillSwitch, writeIptablesKillSwitch } from './iptables-text.ts'
import { killSwitchTable, removeKillSwitch, writeKillSwitch } from './nft-text.ts'

/** A program to run for a kill switch, and what it reads. */
interface KillSwitchCall {
  readonly program: 'nft' | 'iptables-restore' | 'ip6tables-restore'
  readonly args: readonly string[]
  readonly input: string
}

/** What switches a kill switch on or off, in order; one that is not there takes nothing. Changes nothing itself. */
export const killSwitchCalls = async (
  edges: Edges,
  op: Extract<Op, { do: 'killswitch.on' | 'killswitch.off' }>,
): Promise<KillSwitchCall[]> => {
  const tool = await firewallTool(edges)
  if (op.do === 'killswitch.on') {
    if (tool === 'nft') return [nft(writeKillSwitch(op.dev, op))]
    return onBoth(edges, (family, saved) => writeIptablesKillSwitch(op.dev, family, op, saved))
  }
  // Whatever it was switched on with may be what it has to be switched off with.
  const present = await readNftTables(edges, [killSwitchTable(op.dev)])
  if (present?.size) return [nft(removeKillSwitch(op.dev))]
  const calls = await onBoth(edges, (_, saved) => removeIptablesKillSwitch(op.dev, saved))
  // Where no tool can tell what is there, the one that was used says why.
  return calls.length > 0 || tool === 'nft' || edges.find('iptables-save') !== undefined
    ? calls
    : [nft(removeKillSwitch(op.dev))]
}

const nft = (input: string): KillSwitchCall => ({ program: 'nft', args: ['-f', '-'], input })

const onBoth = async (
  edges: Edges,
  write: (family: Family, saved: string) => string | undefined,
): Promise<KillSwitchCall[]> => {
  const calls: KillSwitchCall[] = []
  for (const family of [4, 6] as const) {
    // A kernel without IPv6 has nothing to block.
    if (family === 6 && edges.readSysctl('net.ipv6.conf.all.disable_ipv6') === undefined) continue
    const input = write(family, (await saveOf(edges, family)) ?? '')
    const program = family === 4 ? 'iptables-restore' : 'ip6tables-restore'
    if (input !== undefined) calls.push({ program, args: ['-n'], input })
  }
  return calls
}
