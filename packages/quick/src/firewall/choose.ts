// SPDX-License-Identifier: MIT
import type { Op } from '@wgq/model/operation'
import type { Edges } from '../edges.ts'
import type { FirewallWriter } from '../state/default-route.ts'
import { iptablesRemoval, writeIptables } from './iptables.ts'
import { nftRemoval, writeNft } from './nft.ts'

/** nft where it is installed, else the iptables family as upstream does; whether that exists is not looked at. */
export const chooseFirewall = (find: Edges['find']): FirewallWriter =>
  find('nft') === undefined
    ? {
        tool: (family) => (family === 4 ? 'iptables-restore' : 'ip6tables-restore'),
        write: writeIptables,
      }
    : { tool: () => 'nft', write: writeNft }

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
