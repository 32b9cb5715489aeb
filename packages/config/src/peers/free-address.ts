// SPDX-License-Identifier: MIT
import { type Cidr, covers, maskCidr } from '@wgq/model/cidr'
import { formatIp, parseIp } from '@wgq/model/ip'

/**
 * Returns the networks of an interface from which peers can get addresses, without duplicates, single addresses and
 * link-local networks.
 */
export const peerNetworks = (addresses: readonly Cidr[]): Cidr[] => {
  const networks = addresses.map(maskCidr).filter(hasRoom)
  return networks.filter((network, at) => !networks.slice(0, at).some((other) => covers(other, network)))
}

/**
 * Returns the lowest free address of a network, as /32 or /128; undefined if the network is full. `taken` are the
 * addresses and prefixes in use; a prefix that covers the whole network (a default route) is ignored.
 */
export const nextAddress = (network: Cidr, taken: readonly Cidr[]): Cidr | undefined => {
  const { family, prefixLength } = network
  const bits = family === 4 ? 32 : 128
  const base = numberOf(network.address)
  const last = base + (1n << BigInt(bits - prefixLength)) - 1n
  // The first address is the network's or the routers' (RFC 4291 §2.6.1), the last of IPv4 the broadcast address.
  const isSmall = bits - prefixLength < 2
  const upTo = family === 4 && !isSmall ? last - 1n : last
  let next = isSmall ? base : base + 1n
  const used = taken
    .filter((cidr) => cidr.family === family && cidr.prefixLength > prefixLength)
    .map((cidr) => {
      const size = 1n << BigInt(bits - cidr.prefixLength)
      const from = numberOf(cidr.address) & ~(size - 1n)
      return { from, to: from + size - 1n }
    })
    .filter(({ from }) => from >= base && from <= last)
    .sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0))
  for (const { from, to } of used) {
    if (from > next) break
    if (to >= next) next = to + 1n
  }
  return next <= upTo ? { family, address: textOf(next, bits), prefixLength: bits } : undefined
}

const hasRoom = ({ family, address, prefixLength }: Cidr): boolean =>
  prefixLength < (family === 4 ? 32 : 128) && !/^(?:fe[89ab].:|169\.254\.)/i.test(address)

const numberOf = (address: string): bigint =>
  BigInt(`0x${Buffer.from(parseIp(address) as Uint8Array).toString('hex')}`)

const textOf = (number: bigint, bits: number): string =>
  formatIp(Buffer.from(number.toString(16).padStart(bits / 4, '0'), 'hex'))
