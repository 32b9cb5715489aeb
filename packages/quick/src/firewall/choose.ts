// SPDX-License-Identifier: MIT
import type { Op } from '@wgq/model/operation'
import type { Edges } from '../edges.ts'
import type { Session } from '../session.ts'
import type { FirewallWriter } from '../state/default-route.ts'
import type { FirewallState } from '../state/tunnel-state.ts'
import { iptablesRemoval, writeIptables } from './iptables.ts'
import { nftRemoval, writeNft } from './nft.ts'
import { firewallTool } from './tool.ts'

/**
 * The tools that a firewall is loaded with. Under upstream's name nft wherever it is installed, else the iptables family,
 * whether that exists or not; else what works here.
 */
export const chooseTool = async ({
  edges,
  style,
}: Pick<Session, 'edges' | 'style'>): Promise<FirewallState['tool']> => {
  if (style !== 'wg-quick') return firewallTool(edges)
  return edges.find('nft') === undefined ? 'iptables' : 'nft'
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
export const planFirewallRemoval = async (edges: Edges, dev: string): Promise<Op[]> => {
  const ops: Op[] = []
  if (edges.find('nft')) {
    const { stdout } = await edges.run('nft', ['list', 'tables'], { capture: true, quiet: true })
    const text = nftRemoval(dev, stdout)
    if (text !== undefined) ops.push({ do: 'firewall.unload', tool: 'nft', text })
  }
  if (edges.find('iptables')) {
    for (const tool of ['iptables', 'ip6tables'] as const) {
      const { stdout } = await edges.run(`${tool}-save`, [], { capture: true, quiet: true })
      const text = iptablesRemoval(dev, stdout)
      if (text !== undefined) ops.push({ do: 'firewall.unload', tool: `${tool}-restore`, text })
    }
  }
  return ops
}
