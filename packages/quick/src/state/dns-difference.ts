// SPDX-License-Identifier: MIT

import type { DnsState } from '@wgq/dns/state'
import { formatIp, parseIp } from '@wgq/model/ip'
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

/** In one spelling: systemd-resolved lists addresses and names in its own, and each once. */
const dnsText = (state: DnsState | undefined): string =>
  state === undefined
    ? ''
    : [...new Set([...state.servers.map(asAddress), ...state.search.map(asName)])].join(' ')

const asAddress = (server: string): string => {
  const [text = '', ...zone] = server.split('%')
  const address = parseIp(text)
  return address ? [formatIp(address), ...zone].join('%') : server
}

/** Without the last dot and in small letters; `.` and `~.` are every name. */
const asName = (domain: string): string => domain.replace(/(?<=[^~])\.$/, '').toLowerCase()
