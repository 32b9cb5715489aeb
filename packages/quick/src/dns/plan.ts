// SPDX-License-Identifier: MIT
import type { Op } from '@wgq/model/operation'
import { inverse } from '../inverse.ts'
import type { Journal } from '../journal.ts'
import type { Session } from '../session.ts'
import { resolvconfPrefix } from './resolvconf.ts'

/** The operation that puts a configuration's name servers in place; none without servers, whatever domains are given. */
export const planDns = ({ name, settings, edges }: Session): Op[] => {
  if (settings.dnsServers.length === 0) return []
  return [
    {
      do: 'dns.set',
      dev: name,
      manager: `resolvconf:${resolvconfPrefix(edges.find('resolvconf'))}`,
      servers: settings.dnsServers.map(({ value }) => value),
      search: settings.dnsSearch.map(({ value }) => value),
    },
  ]
}

/** What takes the name servers back: as the journal notes it, else by what the configuration says now (upstream's way). */
export const planDnsRemoval = (session: Session, journal: Journal | undefined): Op[] => {
  const noted = journal?.undo.filter((op) => op.do === 'dns.unset') ?? []
  if (noted.length > 0) return noted
  return planDns(session).flatMap((op) => inverse(op) ?? [])
}
