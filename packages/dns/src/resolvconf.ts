// SPDX-License-Identifier: MIT

import { existsSync, lstatSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import type { DnsTools } from './tools.ts'

const interfaceOrder = '/etc/resolvconf/interface-order'

/**
 * The prefix of record names in Debian's resolvconf: the first pattern `NAME*` of its interface-order, so that the
 * record is ranked as a tunnel. Empty if `resolvconf` is a link, as systemd's is (spec wg-quick §6.2).
 */
export const resolvconfPrefix = (program: string | undefined, orderFile = interfaceOrder): string => {
  if (program !== undefined && isLink(program)) return ''
  const match = /^([A-Za-z0-9-]+)\*$/m.exec(readFile(orderFile))
  return match ? `${match[1]}.` : ''
}

/** Input of resolvconf and `resolv.conf`: a line per name server, then one with the search domains. */
export const resolverLines = (servers: readonly string[], search: readonly string[]): string => {
  const lines = servers.map((server) => `nameserver ${server}\n`)
  return lines.join('') + (search.length > 0 ? `search ${search.join(' ')}\n` : '')
}

/**
 * The name servers that resolvconf holds for an interface: from `resolvconf -l`, else from the file of Debian's
 * resolvconf. None without resolvconf (spec wg-quick §9).
 */
export const readResolvconf = async (
  dependencies: Pick<DnsTools, 'find' | 'run'>,
  dev: string,
): Promise<string[]> => {
  const program = dependencies.find('resolvconf')
  const record = `${resolvconfPrefix(program)}${dev}`
  const text =
    (program && (await listed(dependencies, program, record))) ??
    readFile(`/etc/resolvconf/run/interface/${record}`)
  return serversOf(text)
}

/** The record of resolvconf for an interface; undefined if it has none, `unknown` if it cannot list records. */
export const readResolvconfRecord = async (
  dependencies: Pick<DnsTools, 'find' | 'run'>,
  dev: string,
): Promise<ResolvconfRecord | 'unknown' | undefined> => {
  const program = dependencies.find('resolvconf')
  if (program === undefined) return undefined
  const record = `${resolvconfPrefix(program)}${dev}`
  const kind = resolvconfKind(program)
  // Debian's prints every record, whatever its argument.
  const text =
    kind === 'debian'
      ? readFile(`/run/resolvconf/interface/${record}`)
      : await listed(dependencies, program, record)
  const servers = serversOf(text ?? '')
  // A resolvconf that only stores records exits with 0 and prints nothing.
  if (servers.length === 0) return kind === 'other' && text !== undefined ? 'unknown' : undefined
  const search = (/^search (.*)$/m.exec(text ?? '')?.[1] ?? '').split(' ').filter(Boolean)
  // openresolv queries the servers of a private interface only for names of its domains.
  const isPrivate = kind === 'openresolv' && existsSync(`/run/resolvconf/private/${record}`)
  return { servers, search: isPrivate ? search.map((domain) => `~${domain}`) : search }
}

/** A record; the domain of a private one is written `~DOMAIN`. */
interface ResolvconfRecord {
  readonly servers: readonly string[]
  readonly search: readonly string[]
}

const listed = async (
  dependencies: Pick<DnsTools, 'run'>,
  program: string,
  record: string,
): Promise<string | undefined> => {
  const { status, stdout } = await dependencies.run(program, ['-l', record], { capture: true, quiet: true })
  return status === 0 ? stdout : undefined
}

/** The addresses of `nameserver` lines. */
const serversOf = (text: string): string[] =>
  [...text.matchAll(/^nameserver ([a-zA-Z0-9_=+:%.-]+)$/gm)].map((match) => match[1] as string)

/** Whose `resolvconf` it is: Debian's own, openresolv, or the name of systemd's resolvectl. */
export const resolvconfKind = (program: string): 'debian' | 'openresolv' | 'systemd' | 'other' => {
  try {
    if (basename(realpathSync(program)) === 'resolvectl') return 'systemd'
  } catch {
    return 'other'
  }
  const text = readFile(program)
  if (text.includes('--enable-updates')) return 'debian'
  return /openresolv/i.test(text) ? 'openresolv' : 'other'
}

const isLink = (path: string): boolean => {
  try {
    return lstatSync(path).isSymbolicLink()
  } catch {
    return false
  }
}

const readFile = (path: string): string => {
  try {
    return statSync(path).isFile() ? readFileSync(path, 'utf8') : ''
  } catch {
    return ''
  }
}
