// SPDX-License-Identifier: MIT
import type { Family } from '@wgq/model/ip'
import type { Edges } from '../edges.ts'

type Tools = Pick<Edges, 'run' | 'find'>

/**
 * The family of tools that works here: nft where it is installed and the kernel has nf_tables, else iptables where that is
 * installed, else nft, whose own words say what is missing. Asks nft, which takes a few milliseconds.
 */
export const firewallTool = async ({ run, find }: Tools): Promise<'nft' | 'iptables'> => {
  if (find('nft') === undefined) return 'iptables'
  if (find('iptables-restore') === undefined) return 'nft'
  const { status } = await run('nft', ['list', 'tables'], { capture: true, quiet: true, itself: true })
  return status === 0 ? 'nft' : 'iptables'
}

/** `iptables-save` or `ip6tables-save`; undefined where it is not installed or does not work. */
export const saveOf = async ({ run, find }: Tools, family: Family): Promise<string | undefined> => {
  const program = family === 4 ? 'iptables-save' : 'ip6tables-save'
  if (find(program) === undefined) return undefined
  const { status, stdout } = await run(program, [], { capture: true, quiet: true })
  return status === 0 ? stdout : undefined
}
