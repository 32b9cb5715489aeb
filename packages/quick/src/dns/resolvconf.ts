// SPDX-License-Identifier: MIT

import { lstatSync, readFileSync, statSync } from 'node:fs'
import type { Edges } from '../edges.ts'

const interfaceOrder = '/etc/resolvconf/interface-order'

/**
 * What stands before the interface's name in Debian's resolvconf: the first pattern `NAME*` of its interface-order, so
 * that the record is ranked as a tunnel. None where `resolvconf` is a link, as systemd's is (spec wg-quick §6.2).
 */
export const resolvconfPrefix = (program: string | undefined, orderFile = interfaceOrder): string => {
  if (program !== undefined && isLink(program)) return ''
  const match = /^([A-Za-z0-9-]+)\*$/m.exec(readFile(orderFile))
  return match ? `${match[1]}.` : ''
}

/** What resolvconf and `resolv.conf` read: a line per name server, then one with the search domains. */
export const resolverLines = (servers: readonly string[], search: readonly string[]): string => {
  const lines = servers.map((server) => `nameserver ${server}\n`)
  return lines.join('') + (search.length > 0 ? `search ${search.join(' ')}\n` : '')
}

/**
 * The name servers that resolvconf holds for an interface: what `resolvconf -l` prints, else the file that Debian's
 * resolvconf keeps. None without resolvconf (spec wg-quick §9).
 */
export const readResolvconf = async (edges: Pick<Edges, 'find' | 'run'>, dev: string): Promise<string[]> => {
  const program = edges.find('resolvconf')
  const record = `${resolvconfPrefix(program)}${dev}`
  const listed = program && (await edges.run(program, ['-l', record], { capture: true, quiet: true }))
  const text =
    listed && listed.status === 0 ? listed.stdout : readFile(`/etc/resolvconf/run/interface/${record}`)
  return [...text.matchAll(/^nameserver ([a-zA-Z0-9_=+:%.-]+)$/gm)].map((match) => match[1] as string)
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
