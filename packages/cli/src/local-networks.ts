// SPDX-License-Identifier: MIT
import { networkInterfaces } from 'node:os'
import type { Cidr } from '@wgq/model/cidr'
import { parseCidr } from '@wgq/model/cidr'

/**
 * The networks of this machine's interfaces. Leaves out loopback, tunnels (no hardware address), and link-local
 * networks, which no tunnel route can affect.
 */
export const localNetworks = (interfaces = networkInterfaces()): Cidr[] =>
  Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, mac }) => !internal && mac !== '00:00:00:00:00:00')
    .filter(({ address }) => !/^(?:fe[89ab].:|169\.254\.)/.test(address))
    .flatMap(({ cidr }) => (cidr === null ? [] : (parseCidr(cidr) ?? [])))
