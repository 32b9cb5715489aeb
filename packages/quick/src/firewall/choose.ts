// SPDX-License-Identifier: MIT
import type { Op } from '@wgq/model/operation'
import type { Dependencies } from '../dependencies.ts'
import type { Session } from '../session.ts'
import type { FirewallWriter } from '../state/default-route.ts'
import type { FirewallState } from '../state/tunnel-state.ts'
import { iptablesRemoval, writeIptables } from './iptables.ts'
import { listNftTables, saveOf } from './listings.ts'
import { nftRemoval, writeNft } from './nft.ts'

/**
 * The family of tools that works here: nft where it is installed and the kernel has nf_tables, else iptables where that is
 * installed, else nft, whose own words say what is missing. Asks nft, which takes a few milliseconds.
 */
export const firewallTool = async ({
  run,
  find,
}: Pick<Dependencies, 'run' | 'find'>): Promise<'nft' | 'iptables'> => {
  if (find('nft') === undefined) return 'iptables'
  if (find('iptables-restore') === undefined) return 'nft'
  const { status } = await run('nft', ['list', 'tables'], { capture: true, quiet: true })
  return status === 0 ? 'nft' : 'iptables'
}

/**
 * The tools that a firewall is loaded with. Under upstream's name nft wherever it is installed, else the iptables family,
 * whether that exists or not; else what works here.
 */
export const chooseTool = async ({
  dependencies,
  style,
}: Pick<Session, 'dependencies' | 'style'>): Promise<FirewallState['tool']> => {
  if (style !== 'wg-quick') return firewallTool(dependencies)
  return dependencies.find('nft') === undefined ? 'iptables' : 'nft'
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
 * What removes an interface's firewall, as found on the host: whoever loaded it, wgq or upstream. Tools that are not
 * installed or fail are passed over (spec wg-quick §6.5).
 */
export const planFirewallRemoval = async (dependencies: Dependencies, dev: string): Promise<Op[]> => {
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
