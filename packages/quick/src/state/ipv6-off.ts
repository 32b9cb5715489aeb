// SPDX-License-Identifier: MIT
import type { Setting } from '@wgq/config/settings'
import type { Cidr } from '@wgq/model/cidr'
import { isLenient } from '../lenient.ts'
import type { Session } from '../session.ts'

/**
 * The addresses that the interface can have: without those of IPv6 where it is switched off there, which a line says. Call
 * it when the interface exists.
 */
export const usableAddresses = (session: Session): readonly Setting[] => {
  const { addresses } = session.settings
  if (!isLenient(session) || !isIpv6Off(session)) return addresses
  return leaveOut(session, addresses, ({ value }) => value.includes(':'), ['address', 'addresses'])
}

/** The allowed IPs that can have routes, likewise. */
export const usablePrefixes = (session: Session, prefixes: readonly Cidr[]): readonly Cidr[] => {
  if (!isLenient(session) || !isIpv6Off(session)) return prefixes
  return leaveOut(session, prefixes, ({ family }) => family === 6, ['route', 'routes'])
}

const leaveOut = <T>(
  { edges, name }: Session,
  all: readonly T[],
  isOut: (one: T) => boolean,
  [one, many]: [string, string],
): readonly T[] => {
  const usable = all.filter((item) => !isOut(item))
  const count = all.length - usable.length
  if (count > 0)
    edges.print(`[!] IPv6 is switched off for ${name}: left out ${count} ${count === 1 ? one : many}.\n`)
  return usable
}

/** Says whether IPv6 is switched off for the interface. A system without IPv6 has no such directory at all; one without /proc tells nothing. */
export const isIpv6Off = ({ edges, name, into }: Session): boolean => {
  if (into !== undefined || edges.readSysctl('net.ipv4.ip_forward') === undefined) return false
  const own = edges.readSysctl(`net/ipv6/conf/${name}/disable_ipv6`)
  // In a dry run there is no interface yet.
  return (own ?? edges.readSysctl('net/ipv6/conf/default/disable_ipv6')) !== '0'
}
