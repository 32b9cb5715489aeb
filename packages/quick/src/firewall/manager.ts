// SPDX-License-Identifier: MIT
import type { Family } from '@wgq/model/ip'
import type { Op } from '@wgq/model/operation'
import type { Edges } from '../edges.ts'
import type { FirewallFamily, FirewallState } from '../state/tunnel-state.ts'
import { chooseFirewall, planFirewallRemoval } from './choose.ts'
import { nftTable } from './nft.ts'
import { readNftTables } from './nft-tables.ts'

/** The firewall of an interface as the system has it, whoever loaded it; undefined where there is none. */
export const readFirewall = async (edges: Edges, dev: string): Promise<FirewallState | undefined> => {
  const families: FirewallFamily[] = []
  const tables = await readNftTables(edges, [`ip ${nftTable(dev)}`, `ip6 ${nftTable(dev)}`])
  for (const family of [4, 6] as const) {
    const text = tables?.get(`${family === 4 ? 'ip' : 'ip6'} ${nftTable(dev)}`)
    if (text !== undefined) families.push(readTable(family, text))
  }
  if (families.length > 0) return { tool: 'nft', families }
  if (edges.find('iptables') === undefined) return undefined
  for (const family of [4, 6] as const) {
    const tool = family === 4 ? 'iptables-save' : 'ip6tables-save'
    const { stdout } = await edges.run(tool, [], { capture: true, quiet: true })
    const lines = stdout.split('\n').filter((line) => line.includes(`"wg-quick(8) rule for ${dev}"`))
    if (lines.length > 0) families.push(readSaved(family, lines))
  }
  return families.length > 0 ? { tool: 'iptables', families } : undefined
}

/** The operations that load a firewall in the place of what `seen` says is there. */
export const planFirewall = async (
  edges: Edges,
  dev: string,
  wanted: FirewallState,
  seen: FirewallState | undefined,
): Promise<Op[]> => {
  const writer = chooseFirewall(edges.find)
  const removal = seen === undefined ? [] : await planFirewallRemoval(edges, dev)
  return [
    ...removal,
    ...wanted.families.map(
      ({ family, mark, addresses }): Op => ({
        do: 'firewall.load',
        tool: writer.tool(family),
        text: writer.write({ dev, family, mark, addresses }),
      }),
    ),
  ]
}

/** Which of the two families of tools a firewall would be loaded with now. */
export const firewallTool = (find: Edges['find']): FirewallState['tool'] =>
  find('nft') === undefined ? 'iptables' : 'nft'

const readTable = (family: Family, text: string): FirewallFamily => ({
  family,
  mark: Number(/meta mark (0x[0-9a-f]+) ct mark set/.exec(text)?.[1] ?? 0),
  addresses: [...text.matchAll(/ daddr (\S+) fib saddr type != local drop/g)].map(
    ([, address]) => address as string,
  ),
})

/** iptables lists what was inserted last first. */
const readSaved = (family: Family, lines: readonly string[]): FirewallFamily => ({
  family,
  mark: Number(/--mark (0x[0-9a-f]+)/.exec(lines.join('\n'))?.[1] ?? 0),
  addresses: lines.flatMap((line) => /^-A PREROUTING -d ([^/ ]+)/.exec(line)?.[1] ?? []).reverse(),
})
