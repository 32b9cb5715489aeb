// SPDX-License-Identifier: MIT
import type { Edges } from '../edges.ts'
import type { DnsState } from '../state/tunnel-state.ts'
import { splitManager } from './act.ts'
import { readResolverFile } from './file.ts'
import { readResolvconf } from './resolvconf.ts'

/**
 * What a manager of name servers knows of an interface now; undefined where it knows nothing of it, because nobody told it
 * or somebody else wrote over it.
 */
export const readDns = async (edges: Edges, dev: string, manager: string): Promise<DnsState | undefined> => {
  const [kind, detail] = splitManager(manager)
  if (kind === 'resolvectl') return readResolvectl(edges, dev)
  if (kind === 'file') {
    const told = readResolverFile(detail, dev)
    return told && { manager, ...told }
  }
  const servers = await readResolvconf(edges, dev)
  return servers.length === 0 ? undefined : { manager, servers, search: [] }
}

const readResolvectl = async (edges: Edges, dev: string): Promise<DnsState | undefined> => {
  const ask = async (what: string): Promise<string[]> => {
    const { stdout } = await edges.run('resolvectl', [what, dev], { capture: true, quiet: true })
    return (/\): (.*)/.exec(stdout)?.[1] ?? '').split(' ').filter(Boolean)
  }
  const servers = await ask('dns')
  if (servers.length === 0) return undefined
  return { manager: 'resolvectl', servers, search: (await ask('domain')).filter((name) => name !== '~.') }
}
