// SPDX-License-Identifier: MIT
import type { Op } from '@wgq/model/operation'
import type { Session } from '../../session.ts'
import { textsOf } from '../system.ts'

/** The operation that gives a manager the name servers of the configuration; undefined if it has none. */
export const wantedDns = (
  { name, settings }: Session,
  manager: string,
): Extract<Op, { do: 'dns.set' }> | undefined =>
  settings.dnsServers.length === 0
    ? undefined
    : {
        do: 'dns.set',
        dev: name,
        manager,
        servers: textsOf(settings.dnsServers),
        search: textsOf(settings.dnsSearch),
      }
