// SPDX-License-Identifier: MIT
import { type Cidr, formatCidr, maskCidr } from '@wgq/model/cidr'
import type { Family } from '@wgq/model/ip'
import { refusal } from './refusal.ts'

/** An address of an interface; an IPv4 address in the network of an earlier one is secondary to that. */
export interface HeldAddress {
  readonly cidr: Cidr
  readonly secondary: boolean
}

/** The network of an address, as text. */
export const networkOf = (cidr: Cidr): string => formatCidr(maskCidr(cidr))

/** `ip address add`: primaries of IPv4 are before its secondaries; IPv6 lists the newest first. */
export const withAddress = (held: readonly HeldAddress[], cidr: Cidr): HeldAddress[] => {
  const same = held.filter((one) => one.cidr.family === cidr.family)
  const others = held.filter((one) => one.cidr.family !== cidr.family)
  if (cidr.family === 6) {
    if (same.some((one) => one.cidr.address === cidr.address))
      throw refusal('EEXIST', 'Error: ipv6: address already assigned.')
    return [...others, { cidr, secondary: false }, ...same]
  }
  const neighbours = same.filter((one) => networkOf(one.cidr) === networkOf(cidr))
  if (neighbours.some((one) => one.cidr.address === cidr.address))
    throw refusal('EEXIST', 'Error: ipv4: Address already assigned.')
  const added = { cidr, secondary: neighbours.length > 0 }
  const primaries = same.filter((one) => !one.secondary)
  const secondaries = same.filter((one) => one.secondary)
  return added.secondary
    ? [...primaries, ...secondaries, added, ...others]
    : [...primaries, added, ...secondaries, ...others]
}

/**
 * `ip address delete`. Deleting an IPv4 primary deletes its secondaries, or (`promote`) the first of them replaces it.
 * Undefined if there is no such address.
 */
export const withoutAddress = (
  held: readonly HeldAddress[],
  cidr: Cidr,
  promote: boolean,
): HeldAddress[] | undefined => {
  const gone = held.find(
    (one) => one.cidr.address === cidr.address && one.cidr.prefixLength === cidr.prefixLength,
  )
  if (gone === undefined) return undefined
  const left = held.filter((one) => one !== gone)
  if (cidr.family === 6 || gone.secondary) return left
  const followers = left.filter((one) => one.secondary && networkOf(one.cidr) === networkOf(cidr))
  if (followers.length === 0) return left
  if (!promote) return left.filter((one) => !followers.includes(one))
  const [first] = followers
  const promoted = { ...(first as HeldAddress), secondary: false }
  const rest = left.filter((one) => one !== first)
  const ofFamily = (family: Family) => rest.filter((one) => one.cidr.family === family)
  const primaries = ofFamily(4).filter((one) => !one.secondary)
  return [...primaries, promoted, ...ofFamily(4).filter((one) => one.secondary), ...ofFamily(6)]
}
