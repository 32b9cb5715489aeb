// SPDX-License-Identifier: MIT

import { isSplit, splitManager } from './act.ts'
import { readResolverFile } from './file.ts'
import { readResolvconfRecord } from './resolvconf.ts'
import type { DnsState } from './state.ts'
import type { DnsTools } from './tools.ts'

/**
 * The name servers that a manager currently holds for an interface; undefined if none were set or another program
 * overwrote them. A resolvconf that cannot list its records is assumed to hold the last ones set, `given`.
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
  // The domain that sends all names to these servers was removed.
  const lacking = domains.length === search.length && !isSplit(search) ? ['(not for every name)'] : []
  return { manager: 'resolvectl', servers, search: [...search, ...lacking] }
}
