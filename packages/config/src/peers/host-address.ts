// SPDX-License-Identifier: MIT
import { type Cidr, covers, formatCidr, maskCidr, parseCidr } from '@wgq/model/cidr'
import { formatIp, parseIp } from '@wgq/model/ip'

/**
 * Returns why an address (its prefix length does not count) cannot be that of one machine, as the end of a sentence;
 * undefined if it can. `networks` are the networks that may contain it.
 */
export const notOfOneHost = (address: Cidr, networks: readonly Cidr[]): string | undefined => {
  const bits = address.family === 4 ? 32 : 128
  const host = { ...address, prefixLength: bits }
  const special = specialPrefixes.find(([prefix]) => covers(prefix, host))
  if (special) return special[1]
  for (const network of networks.map(maskCidr)) {
    // Networks of two addresses have neither (RFC 3021, RFC 6164).
    if (network.prefixLength > bits - 2 || !covers(network, host)) continue
    const name = formatCidr(network)
    if (host.address === network.address)
      return address.family === 4
        ? `it is the address of the network ${name}`
        : `it means any router of ${name}`
    if (address.family === 4 && host.address === lastOf(network))
      return `it is the broadcast address of ${name}`
  }
  return undefined
}

const specialPrefixes = (
  [
    ['0.0.0.0/8', 'no machine has such an address'],
    ['127.0.0.0/8', 'each machine means itself by it'],
    ['224.0.0.0/4', 'it is a multicast address'],
    ['255.255.255.255/32', 'it is the broadcast address of any network'],
    ['::/128', 'no machine has such an address'],
    ['::1/128', 'each machine means itself by it'],
    ['::ffff:0:0/96', 'it is an IPv4 address in the form of an IPv6 address'],
    ['ff00::/8', 'it is a multicast address'],
  ] as const
).map(([text, why]) => [parseCidr(text) as Cidr, why] as const)

const lastOf = ({ address, prefixLength }: Cidr): string => {
  const bytes = Uint8Array.from(parseIp(address) as Uint8Array)
  for (let bit = prefixLength; bit < bytes.length * 8; bit++)
    bytes[bit >> 3] = (bytes[bit >> 3] as number) | (0x80 >> (bit & 7))
  return formatIp(bytes)
}
