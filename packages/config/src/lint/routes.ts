// SPDX-License-Identifier: MIT
import { formatCidr, maskCidr, parseCidr } from '@wgq/model/cidr'
import { parseEndpoint } from '@wgq/model/endpoint'
import type { Diagnostic } from '../diagnostic.ts'
import type { Rule, Subject } from './subject.ts'
import { entriesOf, spot } from './subject.ts'

/** How the routes that wg-quick derives from AllowedIPs affect endpoints and the two IP versions. */
export const routeRules: Rule = (subject) => {
  if (subject.purpose === 'setconf' || subject.settings.table?.value === 'off') return []
  return [...endpointsInside(subject), ...missingFamilies(subject)]
}

/**
 * Packets to an endpoint that a route of the tunnel covers go into the tunnel again. For 0.0.0.0/0 and ::/0 the firewall
 * mark prevents it; for any other prefix nothing does (spec wg-quick §6.3).
 */
const endpointsInside = (subject: Subject): Diagnostic[] => {
  return subject.peers.flatMap((peer) =>
    entriesOf([peer.section], 'endpoint').flatMap((entry): Diagnostic[] => {
      const endpoint = parseEndpoint(entry.value.text)
      const host = endpoint && parseCidr(endpoint.address)
      const by = host && subject.allowed.covering(host, 1)
      if (!by) return []
      return [
        {
          code: 'endpoint-inside-tunnel',
          severity: 'warning',
          ...spot(subject, entry, entry.value),
          message: `The endpoint is inside ${formatCidr(maskCidr(by.cidr))}: its packets would be sent into the tunnel`,
          hint: '`wgq allowed-ips PREFIX --except ADDRESS` prints prefixes that leave the endpoint out; 0.0.0.0/0 and ::/0 are safe',
          related: [{ at: spot(subject, by.entry, by.span).at, message: 'the route' }],
        },
      ]
    }),
  )
}

/** An allowed IP of a version in which the interface has no address: packets leave with a foreign source address. */
const missingFamilies = (subject: Subject): Diagnostic[] => {
  const { addresses } = subject.settings
  if (addresses.length === 0) return []
  const families = new Set(addresses.map(({ value }) => (value.includes(':') ? 6 : 4)))
  return ([4, 6] as const).flatMap((family): Diagnostic[] => {
    const first = subject.peers.flatMap((peer) => peer.allowedIps).find(({ cidr }) => cidr.family === family)
    if (!first || families.has(family)) return []
    return [
      {
        code: 'no-address-of-family',
        severity: 'warning',
        ...spot(subject, first.entry, first.span),
        message: `IPv${family} is routed into the tunnel, but the interface has no IPv${family} address`,
        hint: `add an IPv${family} Address, or remove the IPv${family} prefixes`,
      },
    ]
  })
}
