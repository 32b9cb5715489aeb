// SPDX-License-Identifier: MIT
import type { Op } from '@wgq/model/operation'
import { listNftTables, saveOf } from '../listings.ts'
import type { FirewallState, FirewallWriter } from '../state.ts'
import type { FilterTools } from '../tools.ts'
import { iptablesRemoval, writeIptables } from './iptables-text.ts'
import { nftRemoval, writeNft } from './nft-text.ts'

/**
 * The family of tools that works here: nft if it is installed and the kernel has nf_tables, else iptables if installed,
 * else nft, whose error says what is missing. Runs nft, which takes a few milliseconds.
 */
export const firewallTool = async ({
  run,
  find,
}: Pick<FilterTools, 'run' | 'find'>): Promise<'nft' | 'iptables'> => {
  if (find('nft') === undefined) return 'iptables'
  if (find('iptables-restore') === undefined) return 'nft'
  const { status } = await run('nft', ['list', 'tables'], { capture: true, quiet: true })
  return status === 0 ? 'nft' : 'iptables'
}

/**
 * The tools that load a firewall. Under upstream's name nft if installed, else the iptables family, even if missing;
 * else what works here.
 */
export const chooseTool = async (
  tools: Pick<FilterTools, 'run' | 'find'>,
  style: 'wg-quick' | 'wgq',
): Promise<FirewallState['tool']> => {
  if (style !== 'wg-quick') return firewallTool(tools)
  return tools.find('nft') === undefined ? 'iptables' : 'nft'
}

/** How batches for these tools are written. */
export const firewallWriter = (tool: FirewallState['tool']): FirewallWriter =>
  tool === 'nft'
    ? { tool: () => 'nft', write: writeNft }
    : {
        tool: (family) => (family === 4 ? 'iptables-restore' : 'ip6tables-restore'),
        write: writeIptables,
      }

/**
 * Operations that remove an interface's firewall as found on the host, loaded by wgq or by upstream. Skips tools that
 * are not installed or fail (spec wg-quick §6.5).
 */
export const planFirewallRemoval = async (dependencies: FilterTools, dev: string): Promise<Op[]> => {
  const ops: Op[] = []
  const nft = nftRemoval(dev, (await listNftTables(dependencies)) ?? [])
  if (nft !== undefined) ops.push({ do: 'firewall.unload', tool: 'nft', text: nft })
  if (dependencies.find('iptables')) {
    for (const family of [4, 6] as const) {
      const text = iptablesRemoval(dev, (await saveOf(dependencies, family)) ?? '')
      if (text !== undefined)
        ops.push({ do: 'firewall.unload', tool: firewallWriter('iptables').tool(family), text })
    }
  }
  return ops
}
