// SPDX-License-Identifier: MIT
import { type Cidr, formatCidr } from '@wgq/model/cidr'
import { bootLosses, bootRoutes, plainName, searchDomains, tableNumber, wgNumbered } from './bsd-routes.ts'
import type { Converted, Tunnel, TunnelPeer } from './tunnel.ts'
import { ofFamily } from './tunnel.ts'

/** ifconfig(8) of OpenBSD accepts keepalives up to half a day and descriptions of up to 63 bytes. */
const mostKeepaliveSeconds = 43200
const mostDescriptionBytes = 63

/** rdomain(4). */
const mostTable = 255

/** Writes /etc/hostname.wgN of OpenBSD (hostname.if(5)); netstart(8) runs each line as `ifconfig wgN LINE`. */
export const printHostnameIf = (tunnel: Tunnel): Converted<string> => {
  const lost = bootLosses(tunnel)
  const mark = tunnel.fwmark ?? 0
  const search = searchDomains(tunnel)
  const lines = [
    words(
      ['wgkey', tunnel.privateKey],
      ['wgport', tunnel.listenPort === undefined ? undefined : String(tunnel.listenPort)],
      ['wgrtable', mark > 0 && mark <= 255 ? String(mark) : undefined],
    ),
    ...tunnel.peers.map((peer) => printPeer(peer, lost)),
    ...tunnel.addresses.map(printAddress),
    ...(tunnel.mtu === undefined ? [] : [`mtu ${tunnel.mtu}`]),
    'up',
    ...printRoutes(tunnel, lost),
    ...(tunnel.dnsServers.length > 0 ? [`!route nameserver \\$if ${tunnel.dnsServers.join(' ')}`] : []),
  ]
  if (mark > 255) lost.push(`FwMark ${mark}: OpenBSD has routing tables 0 to 255 here`)
  if (search.length > 0) lost.push(`search domains ${search.join(' ')}`)
  if (wgNumbered(tunnel.name) !== tunnel.name)
    lost.push(`the name ${tunnel.name}: OpenBSD's interfaces are wgN, name the file hostname.wg0 or another`)
  return { result: `${lines.filter((line) => line !== '').join('\n')}\n`, lost }
}

/** All words of a peer must be on one line. */
const printPeer = (peer: TunnelPeer, lost: string[]): string => {
  const { endpoint, keepaliveSeconds: seconds = 0 } = peer
  const name = plainName(peer.name, mostDescriptionBytes)
  if (name !== peer.name)
    lost.push(
      `characters of the name "${peer.name}": ${name === undefined ? 'none' : `"${name}"`} is written`,
    )
  if (seconds > mostKeepaliveSeconds)
    lost.push(`PersistentKeepalive ${seconds}: ifconfig takes at most ${mostKeepaliveSeconds}`)
  return words(
    ['wgpeer', peer.publicKey],
    ['wgdescr', name === undefined ? undefined : `"${name}"`],
    ['wgpsk', peer.presharedKey],
    ['wgpka', seconds > 0 && seconds <= mostKeepaliveSeconds ? String(seconds) : undefined],
    ['wgendpoint', endpoint && `${endpoint.host} ${endpoint.port}`],
    ...peer.allowedIps.map((cidr) => ['wgaip', formatCidr(cidr)] as const),
  )
}

const words = (...pairs: (readonly [string, string | undefined])[]): string =>
  pairs.flatMap(([word, value]) => (value === undefined ? [] : [`${word} ${value}`])).join(' ')

/** Further addresses of the same family are aliases. */
const printAddress = (address: Cidr, index: number, all: readonly Cidr[]): string => {
  const first = all.findIndex(({ family }) => family === address.family) === index
  const alias = first ? '' : ' alias'
  if (address.family === 4) return `inet${alias} ${formatCidr(address)}`
  return `inet6${alias} ${address.address} ${address.prefixLength}`
}

const printRoutes = (tunnel: Tunnel, lost: string[]): string[] => {
  const number = tableNumber(tunnel, mostTable, lost)
  const table = number === undefined ? '' : `-T ${number} `
  return bootRoutes(tunnel).flatMap(({ family, flag, dst }) => {
    const [local] = ofFamily(tunnel.addresses, family)
    if (local !== undefined) return [`!route -q -n ${table}add ${flag} ${dst} -iface ${local.address}`]
    lost.push(`route ${dst}: it needs an address of its family`)
    return []
  })
}
