// SPDX-License-Identifier: MIT
import type { Setting } from '@wgq/config/settings'
import { type Cidr, formatCidr, maskCidr } from '@wgq/model/cidr'
import type { DeviceChange } from '@wgq/model/device'
import { WgqError } from '@wgq/model/error'
import type { Op } from '@wgq/model/operation'
import { isLenient } from '../lenient.ts'
import { canonicalAddress } from '../run/inverse.ts'
import type { Journal } from '../run/journal.ts'
import type { Session } from '../session.ts'
import type { Difference } from './device-difference.ts'
import { readRouting, routeId } from './routes.ts'
import type { Seen } from './seen.ts'

/** Says whether the interface needs IPv6: for an address, or for a route of an allowed IP. */
export const needsIpv6 = ({ settings }: Session, allowedIps: readonly Cidr[]): boolean =>
  settings.addresses.some(({ value }) => value.includes(':')) ||
  (readRouting(settings.table?.value).to !== 'off' && allowedIps.some(({ family }) => family === 6))

/** An address of the public Internet, routed like `::/0`. */
const anywhere = '2000::1'

/**
 * Refuses a tunnel for all of IPv6 if IPv6 is switched off for its interface but not for this machine: left out, every
 * packet would leave outside it. A kill switch blocks them. `which` decides what switches IPv6 on. Raises
 * `E_IPV6_OUTSIDE`.
 */
export const refuseIpv6Outside = async (
  session: Session,
  allowedIps: readonly Cidr[],
  which: 'new' | 'running',
): Promise<void> => {
  const { name, settings, dependencies, into } = session
  // A namespace of its own has no other way for them.
  if (into !== undefined) return
  const takesAll = allowedIps.some(({ family, prefixLength }) => family === 6 && prefixLength <= 1)
  if (!takesAll || readRouting(settings.table?.value).to === 'off') return
  if (session.killSwitch || !isLenient(session) || !isIpv6Off(session)) return
  const way = (await dependencies.host.routeTo(anywhere))?.dev
  if (way === undefined || way === name || way === 'lo') return
  const key = which === 'new' ? 'default' : name
  throw new WgqError(
    'E_IPV6_OUTSIDE',
    `IPv6 is switched off for ${name}, but not for ${way}: packets to ::/0 would leave outside of the tunnel`,
    {
      hint: `\`sysctl -w net/ipv6/conf/${key}/disable_ipv6=0\` switches it on; or take ::/0 out of AllowedIPs, or add --kill-switch`,
    },
  )
}

/**
 * The addresses that the interface can have: without IPv6 ones if IPv6 is switched off there, after printing a line.
 * The interface must exist.
 */
export const usableAddresses = (session: Session): readonly Setting[] => {
  const { addresses } = session.settings
  if (!isLenient(session) || !isIpv6Off(session)) return addresses
  return leaveOut(session, addresses, ({ value }) => value.includes(':'), ['address', 'addresses'])
}

/** The allowed IPs that can have routes, chosen likewise. */
export const usablePrefixes = (session: Session, prefixes: readonly Cidr[]): readonly Cidr[] => {
  if (!isLenient(session) || !isIpv6Off(session)) return prefixes
  return leaveOut(session, prefixes, ({ family }) => family === 6, ['route', 'routes'])
}

const leaveOut = <T>(
  { dependencies, name }: Session,
  all: readonly T[],
  isOut: (one: T) => boolean,
  [one, many]: [string, string],
): readonly T[] => {
  const usable = all.filter((item) => !isOut(item))
  const count = all.length - usable.length
  if (count > 0)
    dependencies.print(`[!] IPv6 is switched off for ${name}: left out ${counted(count, one, many)}.\n`)
  return usable
}

/**
 * The notes of what the tunnel lost because IPv6 was switched off for its interface after `up`, if the file still wants
 * IPv6. No step can put it back.
 */
export const lostWithIpv6 = (
  session: Session,
  peers: DeviceChange['peers'],
  seen: Seen,
  journal: Journal | undefined,
): readonly Op[] => {
  if (!journal || !isLenient(session) || !isIpv6Off(session)) return []
  const allowedIps = peers.flatMap((peer) => peer.allowedIps ?? [])
  if (!needsIpv6(session, allowedIps)) return []
  const { mainTable, tableNumber } = session.system
  const addresses = new Set(seen.addresses.map(formatCidr))
  const routes = new Set(seen.state.routes.map(({ dst, table }) => routeId(dst, table)))
  return journal.undo.filter((op) => {
    if (op.do === 'address.delete') return op.family === 6 && !addresses.has(canonicalAddress(op.address))
    if (op.do !== 'route.delete' || op.dst.family !== 6) return false
    return !routes.has(routeId(maskCidr(op.dst), tableNumber(op.table) ?? mainTable))
  })
}

/** What {@link lostWithIpv6} found, as a difference for `diff`. */
export const ipv6Difference = (lost: readonly Op[]): Difference[] =>
  lost.length === 0 ? [] : [{ object: 'ipv6', running: 'switched off', wanted: `on, for ${inWords(lost)}` }]

/** Reports what {@link lostWithIpv6} found, and what brings it back. */
export const sayLostIpv6 = ({ name, dependencies }: Session, lost: readonly Op[]): void => {
  if (lost.length > 0)
    dependencies.print(
      `[!] IPv6 was switched off for ${name}, which took ${inWords(lost)} away: a reload cannot put that back. \`sysctl -w net/ipv6/conf/${name}/disable_ipv6=0\` switches it on; then \`wgq reload ${name}\` does.\n`,
    )
}

const inWords = (lost: readonly Op[]): string => {
  const addresses = lost.filter((op) => op.do === 'address.delete').length
  const routes = lost.length - addresses
  return [
    ...(addresses > 0 ? [counted(addresses, 'address', 'addresses')] : []),
    ...(routes > 0 ? [counted(routes, 'route', 'routes')] : []),
  ].join(' and ')
}

const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`

/**
 * Says whether IPv6 is off for the interface, in the namespace of the session. Systems without IPv6 lack that directory;
 * without /proc returns false.
 */
export const isIpv6Off = ({ dependencies, name }: Session): boolean => {
  if (dependencies.readSysctl('net.ipv4.ip_forward') === undefined) return false
  const own = dependencies.readSysctl(`net/ipv6/conf/${name}/disable_ipv6`)
  // In a dry run the interface does not exist yet.
  return (own ?? dependencies.readSysctl('net/ipv6/conf/default/disable_ipv6')) !== '0'
}
