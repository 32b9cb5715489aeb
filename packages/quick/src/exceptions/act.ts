// SPDX-License-Identifier: MIT
import type { Family } from '@wgq/model/ip'
import type { Op } from '@wgq/model/operation'
import type { Edges } from '../edges.ts'
import { readNftTables } from '../firewall/nft-tables.ts'
import { firewallTool, saveOf } from '../firewall/tool.ts'
import type { AsideState } from '../state/tunnel-state.ts'
import { readIptablesAside, removeIptablesAside, writeIptablesAside } from './iptables-text.ts'
import { asideTable, readAsideTable, removeAside, writeAside } from './nft-text.ts'

/** A program to run for the marks of exceptions, and what it reads. */
interface AsideCall {
  readonly program: 'nft' | 'iptables-restore' | 'ip6tables-restore'
  readonly args: readonly string[]
  readonly input: string
}

/** What puts the marks of exceptions in place or takes them away, in order. Changes nothing itself. */
export const asideCalls = async (
  edges: Edges,
  op: Extract<Op, { do: 'aside.on' | 'aside.off' }>,
): Promise<AsideCall[]> => {
  if (op.do === 'aside.on') {
    if ((await firewallTool(edges)) === 'nft') return [nft(writeAside(op.dev, op))]
    return byFamily(edges, (saved) => writeIptablesAside(op.dev, op, saved))
  }
  // Whatever put them in place may be what has to take them away.
  const present = await readNftTables(edges, [asideTable(op.dev)])
  if (present?.size) return [nft(removeAside(op.dev))]
  return byFamily(edges, (saved) => removeIptablesAside(op.dev, saved))
}

/** The marks of exceptions as the system has them; undefined where there are none, or not all of them. */
export const readAside = async (edges: Edges, dev: string): Promise<AsideState | undefined> => {
  const table = asideTable(dev)
  const text = (await readNftTables(edges, [table]))?.get(table)
  if (text !== undefined) return readAsideTable(dev, text)
  const ipv4 = readIptablesAside(dev, (await saveOf(edges, 4)) ?? '')
  if (ipv4 === undefined || edges.readSysctl('net.ipv6.conf.all.disable_ipv6') === undefined) return ipv4
  const ipv6 = readIptablesAside(dev, (await saveOf(edges, 6)) ?? '')
  return ipv6?.mark === ipv4.mark && ipv6.allow.join() === ipv4.allow.join() ? ipv4 : undefined
}

const nft = (input: string): AsideCall => ({ program: 'nft', args: ['-f', '-'], input })

const byFamily = async (edges: Edges, write: (saved: string) => string | undefined): Promise<AsideCall[]> => {
  const calls: AsideCall[] = []
  for (const family of [4, 6] as const satisfies readonly Family[]) {
    // A kernel without IPv6 has nothing to mark.
    if (family === 6 && edges.readSysctl('net.ipv6.conf.all.disable_ipv6') === undefined) continue
    const input = write((await saveOf(edges, family)) ?? '')
    const program = family === 4 ? 'iptables-restore' : 'ip6tables-restore'
    if (input !== undefined) calls.push({ program, args: ['-n'], input })
  }
  return calls
}
