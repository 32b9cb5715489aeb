// SPDX-License-Identifier: MIT
import { formatCidr, maskCidr } from '@wgq/model/cidr'
import type { Diagnostic } from '../diagnostic.ts'
import { PrefixTable } from './prefix-table.ts'
import type { AllowedIp, LintPeer, Rule, Subject } from './subject.ts'
import { headerSpot, spot } from './subject.ts'

/** Which peer gets which packets: a prefix belongs to one peer only, and the longest match wins. */
export const allowedIpRules: Rule = (subject) => {
  const claims = subject.peers.flatMap((peer) => peer.allowedIps.map((allowed) => ({ peer, allowed })))
  const added = claims.filter(({ allowed }) => !allowed.span.text.startsWith('-'))
  return [
    ...subject.peers.filter((peer) => isBare(peer)).map((peer) => bare(subject, peer)),
    ...added.filter(({ allowed }) => hasHostBits(allowed)).map(({ allowed }) => hostBits(subject, allowed)),
    ...overlaps(subject, added),
  ]
}

interface Claim {
  readonly peer: LintPeer
  readonly allowed: AllowedIp
}

const isBare = (peer: LintPeer): boolean => !peer.section.entries.some((entry) => entry.key === 'allowedips')

const bare = (subject: Subject, peer: LintPeer): Diagnostic => ({
  code: 'no-allowed-ips',
  severity: 'info',
  ...headerSpot(subject, peer.section),
  message: 'A peer without AllowedIPs can neither send nor receive packets',
  hint: 'add AllowedIPs: the addresses that are behind this peer',
})

const hasHostBits = ({ cidr }: AllowedIp): boolean => maskCidr(cidr).address !== cidr.address

const hostBits = (subject: Subject, { cidr, span, entry }: AllowedIp): Diagnostic => ({
  code: 'host-bits',
  severity: 'warning',
  ...spot(subject, entry, span),
  message: `${formatCidr(cidr)} has host bits set: it means ${formatCidr(maskCidr(cidr))}`,
  hint: `write ${formatCidr(maskCidr(cidr))}, or ${cidr.address}/${cidr.family === 4 ? 32 : 128} for this address alone`,
})

const overlaps = (subject: Subject, claims: readonly Claim[]): Diagnostic[] => {
  const owners = new Map<string, Claim>()
  const found: Diagnostic[] = []
  for (const claim of claims) {
    const prefix = formatCidr(maskCidr(claim.allowed.cidr))
    const before = owners.get(prefix)
    owners.set(prefix, claim)
    if (before) found.push(same(subject, prefix, before, claim))
  }
  return [...found, ...nested(subject, owners)]
}

const same = (subject: Subject, prefix: string, before: Claim, claim: Claim): Diagnostic => {
  const place = spot(subject, claim.allowed.entry, claim.allowed.span)
  const related = [
    {
      at: spot(subject, before.allowed.entry, before.allowed.span).at,
      message: `claimed by peer ${before.peer.label}`,
    },
  ]
  if (before.peer === claim.peer) {
    const message = `${prefix} is in this peer's AllowedIPs already`
    return { code: 'allowed-ips-repeated', severity: 'info', ...place, message, related }
  }
  const { peer } = claim
  const message = `${prefix} belongs to peer ${before.peer.label} and peer ${peer.label}: only the last one gets it`
  const hint = 'a prefix has one peer; give each its own'
  return { code: 'allowed-ips-overlap', severity: 'warning', ...place, message, hint, related }
}

/** One finding for each prefix that covers prefixes of other peers; the longer ones win, which is often intended. */
const nested = (subject: Subject, owners: ReadonlyMap<string, Claim>): Diagnostic[] => {
  const table = new PrefixTable([...owners.values()].map((claim) => [claim.allowed.cidr, claim]))
  const inside = new Map<Claim, Claim[]>()
  for (const claim of owners.values()) {
    const { cidr } = claim.allowed
    if (cidr.prefixLength === 0) continue
    const outer = table.covering({ ...cidr, prefixLength: cidr.prefixLength - 1 })
    if (!outer || outer.peer === claim.peer) continue
    const claims = inside.get(outer)
    if (claims) claims.push(claim)
    else inside.set(outer, [claim])
  }
  return [...inside].map(([outer, claims]): Diagnostic => {
    const [first] = claims as [Claim]
    const count = claims.length === 1 ? '' : ` and ${claims.length - 1} more`
    const inner = `${formatCidr(maskCidr(first.allowed.cidr))} of peer ${first.peer.label}`
    return {
      code: 'allowed-ips-nested',
      severity: 'info',
      ...spot(subject, outer.allowed.entry, outer.allowed.span),
      message: `${formatCidr(maskCidr(outer.allowed.cidr))} contains ${inner}${count}, which win there`,
      related: claims.slice(0, 5).map(({ allowed, peer }) => ({
        at: spot(subject, allowed.entry, allowed.span).at,
        message: `peer ${peer.label}`,
      })),
    }
  })
}
