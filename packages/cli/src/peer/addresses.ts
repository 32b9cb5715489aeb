// SPDX-License-Identifier: MIT
import { nextAddress, peerNetworks } from '@wgq/config/peers/free-address'
import { notOfOneHost } from '@wgq/config/peers/host-address'
import { type Cidr, covers, formatCidr, parseCidr } from '@wgq/model/cidr'
import { WgqError } from '@wgq/model/error'

/**
 * Chooses the addresses of a new peer: the requested ones, and the next free one of each network of the interface
 * without a requested one. `own` are the interface's addresses, `taken` the allowed IPs of all peers. Raises
 * `E_ADDRESS` if an address is taken or not one of a machine, or if nothing was requested and a network is full.
 */
export const chooseAddresses = (
  own: readonly Cidr[],
  taken: readonly Cidr[],
  asked: string | undefined,
): Cidr[] => {
  const used = [...own.map(single), ...taken]
  const networks = peerNetworks(own)
  const chosen = asked === undefined ? [] : askedAddresses(asked, used, networks)
  if (networks.length === 0 && chosen.length === 0)
    throw new WgqError('E_ADDRESS', 'The interface has no network to take an address from', {
      hint: 'give the interface an address with its network (`Address = 10.8.0.1/24`), or the peer one with --address',
    })
  for (const network of networks) {
    if (chosen.some((cidr) => covers(network, cidr))) continue
    const next = nextAddress(network, [...used, ...chosen])
    // Whoever chose an address does not need another one.
    if (next === undefined && asked !== undefined) continue
    if (next === undefined)
      throw new WgqError('E_ADDRESS', `${formatCidr(network)} has no free address left`, {
        hint: 'remove peers that nobody needs, give the interface a bigger network, or choose with --address',
      })
    chosen.push(next)
  }
  return chosen
}

/** The requested addresses, each once. */
const askedAddresses = (asked: string, used: readonly Cidr[], networks: readonly Cidr[]): Cidr[] => {
  const words = asked.split(/[\s,]+/).filter(Boolean)
  if (words.length === 0) throw noAddress(asked)
  const chosen = words.map((word) => askedAddress(word, used, networks))
  return chosen.filter(({ address }, at) => chosen.findIndex((other) => other.address === address) === at)
}

const noAddress = (word: string): WgqError =>
  new WgqError(
    'E_ADDRESS',
    `--address takes addresses, found ${word === '' ? 'nothing' : JSON.stringify(word)}`,
    {
      hint: example,
    },
  )

const example = 'for example --address 10.8.0.9,fd08::9'

const askedAddress = (word: string, used: readonly Cidr[], networks: readonly Cidr[]): Cidr => {
  const cidr = parseCidr(word)
  if (!cidr) throw noAddress(word)
  const address = single(cidr)
  const fault = notOfOneHost(address, networks)
  if (fault !== undefined)
    throw new WgqError('E_ADDRESS', `${address.address} cannot be the address of a peer: ${fault}`, {
      hint: `${example}; without --address the next free one is chosen`,
    })
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
