// SPDX-License-Identifier: MIT
import { resolverLines } from '@wgq/dns/resolvconf'
import type { BsdTraits } from '../bsd.ts'
import { wantedDns } from './dns.ts'
import { runTool } from './tool.ts'

/** Name servers through openresolv, as on FreeBSD and in NetBSD's base system (spec bsd §6). */
export const resolvconfDns: Pick<BsdTraits, 'dnsManager' | 'wantedDns' | 'planDns' | 'actDns'> = {
  dnsManager: 'resolvconf',
  wantedDns: async (session) => wantedDns(session, 'resolvconf'),
  planDns: async (session) => wantedDns(session, 'resolvconf'),
  actDns: (op, session) =>
    op.do === 'dns.set'
      ? runTool(session, ['resolvconf', '-a', op.dev, '-x'], resolverLines(op.servers, op.search))
      : runTool(session, ['resolvconf', '-d', op.dev]),
}
