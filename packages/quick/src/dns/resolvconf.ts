// SPDX-License-Identifier: MIT
import { lstatSync, readFileSync, statSync } from 'node:fs'

const interfaceOrder = '/etc/resolvconf/interface-order'

/**
 * What stands before the interface's name in Debian's resolvconf: the first pattern `NAME*` of its interface-order, so
 * that the record is ranked as a tunnel. None where `resolvconf` is a link, as systemd's is (spec wg-quick §6.2).
 */
export const resolvconfPrefix = (program: string | undefined, orderFile = interfaceOrder): string => {
  if (program !== undefined && isLink(program)) return ''
  const match = /^([A-Za-z0-9-]+)\*$/m.exec(readOrder(orderFile))
  return match ? `${match[1]}.` : ''
}

/** What resolvconf and `resolv.conf` read: a line per name server, then one with the search domains. */
export const resolverLines = (servers: readonly string[], search: readonly string[]): string => {
  const lines = servers.map((server) => `nameserver ${server}\n`)
  return lines.join('') + (search.length > 0 ? `search ${search.join(' ')}\n` : '')
}

const isLink = (path: string): boolean => {
  try {
    return lstatSync(path).isSymbolicLink()
  } catch {
    return false
  }
}

const readOrder = (path: string): string => {
  try {
    return statSync(path).isFile() ? readFileSync(path, 'utf8') : ''
  } catch {
    return ''
  }
}
