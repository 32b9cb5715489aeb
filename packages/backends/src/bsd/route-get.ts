// SPDX-License-Identifier: MIT
import type { Cidr } from '@wgq/model/cidr'
import type { RouteLookup } from '@wgq/model/host'
import { parseIp } from '@wgq/model/ip'

/** Reads `route -n get ADDRESS`: its `interface:`, `gateway:` and (OpenBSD) `if address:` lines. */
export const parseRouteGet = (text: string): RouteLookup | undefined => {
  const dev = field(text, 'interface')
  if (dev === undefined) return undefined
  const gateway = field(text, 'gateway')
  const source = field(text, 'if address')
  return {
    dev,
    ...(gateway === undefined ? {} : { gateway }),
    ...(source === undefined ? {} : { source }),
  }
}

/**
 * Returns whether the route in the output of `route -n get` covers every address of a prefix. Some releases (FreeBSD
 * 14.0) look up the first address instead of the prefix, so the route may be narrower. A route without a readable
 * destination counts as covering.
 */
export const holdsPrefix = (text: string, prefix: Cidr): boolean => {
  const destination = field(text, 'destination')
  const mask = field(text, 'mask')
  if (destination === undefined || destination === 'default') return true
  const network = parseIp(destination)
  if (network?.length !== (prefix.family === 4 ? 4 : 16)) return true
  if (mask === 'default') return true
  const bits = parseIp(mask ?? '')
  if (mask === undefined) return prefix.prefixLength === network.length * 8 // the route of a host
  if (bits?.length !== network.length) return true
  return prefixLengthOf(bits) <= prefix.prefixLength
}

const prefixLengthOf = (mask: Uint8Array): number =>
  mask.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)

const field = (text: string, name: string): string | undefined =>
  new RegExp(`^\\s*${name}: (\\S+)`, 'm').exec(text)?.[1]
