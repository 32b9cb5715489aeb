// SPDX-License-Identifier: MIT

import type { DnsState } from '@wgq/dns/state'
import type { Op } from '@wgq/model/operation'
import type { Difference } from './device-difference.ts'
import type { Seen } from './seen.ts'

/** Compares name servers; removing another manager's comes first. */
export const planDns = (
  dev: string,
  { state: { dns: seen }, dnsManager }: Seen,
  wanted: DnsState | undefined,
): { readonly steps: readonly Op[]; readonly differences: readonly Difference[] } => {
  // If another program overwrote it, a backup may still exist.
  const told = seen?.manager ?? dnsManager
  const unset: Op[] =
    told === undefined || told === wanted?.manager ? [] : [{ do: 'dns.unset', dev, manager: told }]
  if (dnsText(seen) === dnsText(wanted)) return { steps: wanted ? [] : unset, differences: [] }
  return {
    steps: [...unset, ...(wanted ? [{ do: 'dns.set', dev, ...wanted } as const] : [])],
    differences: [{ object: 'dns', running: dnsText(seen) || '(none)', wanted: dnsText(wanted) || '(none)' }],
  }
}

const dnsText = (state: DnsState | undefined): string =>
  state === undefined ? '' : [...state.servers, ...state.search].join(' ')
