// SPDX-License-Identifier: MIT

import { splitManager } from '@wgq/dns/act'
import { isResolverFileHeld } from '@wgq/dns/file'
import { chooseManager, type DnsChoice, resolverFile, viewDns } from '@wgq/dns/manager'
import type { Op } from '@wgq/model/operation'
import { inverse } from '../run/inverse.ts'
import type { Journal } from '../run/journal.ts'
import type { Session } from '../session.ts'

/** The operation that sets a configuration's name servers; none without servers, even if it has domains. */
export const planDns = (session: Session): Op[] => {
  const { name, settings } = session
  if (settings.dnsServers.length === 0) return []
  const choice = managerFor(session)
  if ('none' in choice) return []
  return [
    {
      do: 'dns.set',
      dev: name,
      manager: choice.manager,
      servers: settings.dnsServers.map(({ value }) => value),
      search: searchOf(session),
    },
  ]
}

/** `~.` is every name: no other domain limits the servers then. Under upstream's name it is passed on as it is. */
const searchOf = ({ settings, style }: Session): string[] => {
  const search = settings.dnsSearch.map(({ value }) => value)
  const isAll = style !== 'wg-quick' && search.includes('~.')
  return isAll ? search.filter((domain) => !domain.startsWith('~')) : search
}

/** The manager of name servers. Under upstream's name it is always resolvconf, even if not installed. */
export const managerFor = ({ style, dependencies, into }: Session): DnsChoice => {
  if (into !== undefined) return { manager: `file:/etc/netns/${into}/resolv.conf` }
  const view = viewDns(dependencies)
  return style === 'wg-quick' ? { manager: `resolvconf:${view.prefix}` } : chooseManager(view)
}

/** Operations that unset the name servers: the journal's, else by the current configuration (upstream's way). */
export const planDnsRemoval = (session: Session, journal: Journal | undefined): Op[] => {
  const noted = journal?.undo.filter((op) => op.do === 'dns.unset') ?? []
  if (noted.length > 0) return noted
  // Only resolvconf can have a record of an interface that upstream brought up.
  return [
    ...planDns(session)
      .flatMap((op) => inverse(op) ?? [])
      .filter((op) => op.do === 'dns.unset' && op.manager.startsWith('resolvconf:')),
    ...planFileRestoral(session),
  ]
}

/** The operation that restores the file of name servers if it names the tunnel as its writer; journals get lost. */
export const planFileRestoral = ({ name, style, dependencies: { filesUnder = '' } }: Session): Op[] =>
  style === 'wgq' && isResolverFileHeld(filesUnder + resolverFile, name)
    ? [{ do: 'dns.unset', dev: name, manager: `file:${resolverFile}` }]
    : []

/**
 * Says whether the program that was given the name servers has been uninstalled: nobody can take them back, and nothing
 * reads them. Under upstream's name the missing program is an error.
 */
export const isManagerGone = (op: Op, { style, dependencies }: Session): boolean => {
  if (op.do !== 'dns.unset' || style !== 'wgq') return false
  const [kind] = splitManager(op.manager)
  return (kind === 'resolvconf' || kind === 'resolvectl') && dependencies.find(kind) === undefined
}
