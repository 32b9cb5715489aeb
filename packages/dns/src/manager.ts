// SPDX-License-Identifier: MIT
import { accessSync, constants, existsSync, realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { resolvconfKind, resolvconfPrefix } from './resolvconf.ts'
import type { DnsTools } from './tools.ts'

/** Host properties that decide the manager of name servers. */
export interface DnsView {
  /** The kind of the installed `resolvconf`; `prefix` starts the names of its records. */
  readonly resolvconf?: ReturnType<typeof resolvconfKind>
  readonly prefix: string
  /** `resolvectl` is installed and systemd-resolved runs. */
  readonly resolved: boolean
  /** `resolv.conf` and its directory can be written. */
  readonly writable: boolean
}

/** A manager as named in operations, or why there is none. */
export type DnsChoice = { readonly manager: string } | { readonly none: string }

/** The file of name servers if there is no manager. */
export const resolverFile = '/etc/resolv.conf'

/**
 * Chooses the manager of name servers: any installed resolvconf, as upstream, unless it is systemd's; else
 * systemd-resolved; else the file itself, with a backup.
 */
export const chooseManager = (view: DnsView): DnsChoice => {
  if (view.resolvconf !== undefined && view.resolvconf !== 'systemd')
    return { manager: `resolvconf:${view.prefix}` }
  if (view.resolved) return { manager: 'resolvectl' }
  if (view.writable) return { manager: `file:${resolverFile}` }
  return { none: `resolvconf is not installed, systemd-resolved does not run, ${resolverFile} is read-only` }
}

/** Inspects the host. */
export const viewDns = ({ find, filesUnder = '' }: Pick<DnsTools, 'find' | 'filesUnder'>): DnsView => {
  const resolvconf = find('resolvconf')
  return {
    ...(resolvconf === undefined ? {} : { resolvconf: resolvconfKind(resolvconf) }),
    prefix: resolvconfPrefix(resolvconf),
    resolved: find('resolvectl') !== undefined && existsSync(`${filesUnder}/run/systemd/resolve`),
    writable: isWritable(filesUnder + resolverFile),
  }
}

/** A dangling link can be replaced as well. */
const isWritable = (path: string): boolean => {
  try {
    accessSync(dirname(path), constants.W_OK)
    if (existsSync(path)) accessSync(realpathSync(path), constants.W_OK)
    return true
  } catch {
    return false
  }
}
