// SPDX-License-Identifier: MIT
import { existsSync, readFileSync, readlinkSync } from 'node:fs'
import { isSplit, splitManager } from './act.ts'
import { readDns } from './answer.ts'
import { resolverFile } from './manager.ts'
import { resolvconfKind } from './resolvconf.ts'
import type { DnsState } from './state.ts'
import type { DnsTools } from './tools.ts'

/**
 * Why a manager cannot send only names of some domains to these servers. Undefined if it can, as far as can be checked
 * beforehand.
 */
export const whyNotSplit = (find: DnsTools['find'], { manager, search }: DnsState): string | undefined => {
  if (!isSplit(search)) return undefined
  const domain = search.find((name) => name.startsWith('~'))
  const [kind] = splitManager(manager)
  const program = kind === 'resolvconf' ? find('resolvconf') : undefined
  const whose = program === undefined ? kind : resolvconfKind(program)
  if (whose === 'resolvectl' || whose === 'openresolv') {
    const plain = search.find((name) => !name.startsWith('~'))
    if (whose === 'resolvectl' || plain === undefined) return undefined
    return `with ${domain} openresolv asks for names of these domains only: write ~${plain} as well`
  }
  const what = whose === 'file' ? resolverFile : "Debian's resolvconf"
  return `${domain} needs systemd-resolved or openresolv: ${what} sends all names to the same servers`
}

/**
 * Checks afterwards whether names really go to a tunnel's servers; resolves to why not and what to do about it, or to
 * undefined. Trusts a local resolver, which has rules of its own.
 */
export const whyNotTold = async (
  dependencies: DnsTools,
  dev: string,
  wanted: DnsState,
): Promise<string | undefined> => {
  const [kind] = splitManager(wanted.manager)
  const seen = await readDns(dependencies, dev, wanted.manager)
  if (kind === 'resolvectl' && seen === undefined) return 'systemd-resolved does not know them afterwards'
  if (kind !== 'resolvconf') return undefined
  const servers = serversIn(`${dependencies.filesUnder ?? ''}${resolverFile}`)
  if (servers.some((server) => /^(?:127\.|::1$)/.test(server))) return undefined
  if (isSplit(wanted.search))
    return `openresolv sends a part of the names only through a local resolver: see name_servers in resolvconf.conf(5)`
  if (servers[0] !== undefined && wanted.servers.includes(servers[0])) return undefined
  const program = dependencies.find('resolvconf')
  return `resolvconf took them, but ${resolverFile} does not name them: ${remedy(program)}`
}

/** How to make a resolvconf write the file that is read. */
export const remedy = (program: string | undefined): string => {
  if (program === undefined || resolvconfKind(program) !== 'debian') return '`resolvconf -u` writes it anew'
  if (!existsSync('/run/resolvconf/enable-updates')) return '`resolvconf --enable-updates` switches it on'
  const written = '/run/resolvconf/resolv.conf'
  return linkOf(resolverFile) === written
    ? '`resolvconf -u` writes it anew'
    : `\`ln -sf ${written} ${resolverFile}\` makes it read`
}

const linkOf = (path: string): string | undefined => {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

const serversIn = (path: string): string[] => {
  try {
    const text = readFileSync(path, 'utf8')
    return [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, server]) => server as string)
  } catch {
    return []
  }
}
