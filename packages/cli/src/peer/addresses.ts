// SPDX-License-Identifier: MIT
import { nextAddress, peerNetworks } from '@wgq/config/peers/free-address'
import { type Cidr, covers, formatCidr, parseCidr } from '@wgq/model/cidr'
import { WgqError } from '@wgq/model/error'

/**
 * Chooses the addresses of a new peer: the requested ones, and the next free one of each network of the interface
 * without a requested one. `own` are the interface's addresses, `taken` the allowed IPs of all peers. Raises
 * `E_ADDRESS` if an address is taken or a network is full.
 */
export const chooseAddresses = (
  own: readonly Cidr[],
  taken: readonly Cidr[],
  asked: string | undefined,
): Cidr[] => {
  const used = [...own.map(single), ...taken]
  const chosen = (asked?.split(/[\s,]+/).filter(Boolean) ?? []).map((word) => askedAddress(word, used))
  const networks = peerNetworks(own)
  if (networks.length === 0 && chosen.length === 0)
    throw new WgqError('E_ADDRESS', 'The interface has no network to take an address from', {
      hint: 'give the interface an address with its network (`Address = 10.8.0.1/24`), or the peer one with --address',
    })
  for (const network of networks) {
    if (chosen.some((cidr) => covers(network, cidr))) continue
    const next = nextAddress(network, [...used, ...chosen])
    if (next === undefined)
      throw new WgqError('E_ADDRESS', `${formatCidr(network)} has no free address left`, {
        hint: 'remove peers that nobody needs, give the interface a bigger network, or choose with --address',
      })
    chosen.push(next)
  }
  return chosen
}

const askedAddress = (word: string, used: readonly Cidr[]): Cidr => {
  const cidr = parseCidr(word)
  if (!cidr)
    throw new WgqError('E_ADDRESS', `--address takes addresses, found ${JSON.stringify(word)}`, {
      hint: 'for example --address 10.8.0.9,fd08::9',
    })
  const address = single(cidr)
  // A peer with a default route does not own the addresses of the network.
  const owner = used.find((other) => other.prefixLength > 0 && covers(other, address) && isNarrow(other))
  if (owner)
    throw new WgqError('E_ADDRESS', `${address.address} is taken: ${formatCidr(owner)} is in use`, {
      hint: '`wgq peer list` shows who has it; without --address the next free one is chosen',
    })
  return address
}

const single = (cidr: Cidr): Cidr => ({ ...cidr, prefixLength: cidr.family === 4 ? 32 : 128 })

/** Whether a prefix is a single address; a peer's wider prefix is a network in which other peers may have addresses. */
const isNarrow = ({ family, prefixLength }: Cidr): boolean => prefixLength === (family === 4 ? 32 : 128)
