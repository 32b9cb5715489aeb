// SPDX-License-Identifier: MIT

import { isSplit, splitManager } from './act.ts'
import { readResolverFile } from './file.ts'
import { readResolvconfRecord } from './resolvconf.ts'
import type { DnsState } from './state.ts'
import type { DnsTools } from './tools.ts'

/**
 * What a manager of name servers knows of an interface now; undefined where it knows nothing of it, because nobody told it
 * or somebody else wrote over it. A resolvconf that cannot list its records is taken to hold what was last given to it,
 * `given`.
 */
export const readDns = async (
  dependencies: DnsTools,
  dev: string,
  manager: string,
  given?: Pick<DnsState, 'servers' | 'search'>,
): Promise<DnsState | undefined> => {
  const [kind, detail] = splitManager(manager)
  if (kind === 'resolvectl') return readResolvectl(dependencies, dev)
  if (kind === 'file') {
    const told = readResolverFile((dependencies.filesUnder ?? '') + detail, dev)
    return told && { manager, ...told }
  }
  const record = await readResolvconfRecord(dependencies, dev)
  if (record === 'unknown') return given && { manager, servers: given.servers, search: given.search }
  return record && { manager, ...record }
}

const readResolvectl = async (dependencies: DnsTools, dev: string): Promise<DnsState | undefined> => {
  const ask = async (what: string): Promise<string[]> => {
    const { stdout } = await dependencies.run('resolvectl', [what, dev], { capture: true, quiet: true })
    return (/\): (.*)/.exec(stdout)?.[1] ?? '').split(' ').filter(Boolean)
  }
  const servers = await ask('dns')
  if (servers.length === 0) return undefined
  const domains = await ask('domain')
  const search = domains.filter((name) => name !== '~.')
  // Somebody took away what sends every name to these servers.
  const lacking = domains.length === search.length && !isSplit(search) ? ['(not for every name)'] : []
  return { manager: 'resolvectl', servers, search: [...search, ...lacking] }
}
