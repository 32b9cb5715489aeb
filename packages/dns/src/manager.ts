// SPDX-License-Identifier: MIT
import { accessSync, constants, existsSync, realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { resolvconfKind, resolvconfPrefix } from './resolvconf.ts'
import type { DnsTools } from './tools.ts'

/** What is known of the host when a manager of name servers is chosen. */
export interface DnsView {
  /** Whose `resolvconf` is installed; `prefix` is what its records begin with. */
  readonly resolvconf?: ReturnType<typeof resolvconfKind>
  readonly prefix: string
  /** `resolvectl` is installed and systemd-resolved runs. */
  readonly resolved: boolean
  /** `resolv.conf` and its directory can be written. */
  readonly writable: boolean
}

/** A manager as operations name it, or why there is none. */
export type DnsChoice = { readonly manager: string } | { readonly none: string }

/** Where name servers are when nobody manages them. */
export const resolverFile = '/etc/resolv.conf'

/**
 * Chooses the manager of name servers: resolvconf wherever it is installed, as upstream, unless it is systemd's; else
 * systemd-resolved; else the file itself, backed up.
 */
export const chooseManager = (view: DnsView): DnsChoice => {
  if (view.resolvconf !== undefined && view.resolvconf !== 'systemd')
    return { manager: `resolvconf:${view.prefix}` }
  if (view.resolved) return { manager: 'resolvectl' }
  if (view.writable) return { manager: `file:${resolverFile}` }
  return { none: `resolvconf is not installed, systemd-resolved does not run, ${resolverFile} is read-only` }
}

/** Looks at the host. */
export const viewDns = ({ find, filesUnder = '' }: Pick<DnsTools, 'find' | 'filesUnder'>): DnsView => {
  const resolvconf = find('resolvconf')
  return {
    ...(resolvconf === undefined ? {} : { resolvconf: resolvconfKind(resolvconf) }),
    prefix: resolvconfPrefix(resolvconf),
    resolved: find('resolvectl') !== undefined && existsSync(`${filesUnder}/run/systemd/resolve`),
    writable: isWritable(filesUnder + resolverFile),
  }
}

/** A link to nowhere can be replaced as well. */
const isWritable = (path: string): boolean => {
  try {
    accessSync(dirname(path), constants.W_OK)
    if (existsSync(path)) accessSync(realpathSync(path), constants.W_OK)
    return true
  } catch {
    return false
  }
}
