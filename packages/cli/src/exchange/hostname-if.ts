// SPDX-License-Identifier: MIT
import { bootLosses, bootRoutes, plainName, splitEndpoint } from './bsd-routes.ts'
import type { Converted, Tunnel, TunnelPeer } from './tunnel.ts'

/** ifconfig(8) of OpenBSD takes keepalives up to half a day and descriptions of 63 bytes. */
const mostKeepaliveSeconds = 43200
const mostDescriptionBytes = 63

/** The file /etc/hostname.wgN of OpenBSD (hostname.if(5)); netstart(8) runs each line as `ifconfig wgN LINE`. */
export const printHostnameIf = (tunnel: Tunnel): Converted<string> => {
  const lost = bootLosses(tunnel)
  const mark = tunnel.fwmark === undefined ? 0 : Number(tunnel.fwmark)
  const lines = [
    words(
      ['wgkey', tunnel.privateKey],
      ['wgport', tunnel.listenPort],
      ['wgrtable', mark > 0 && mark <= 255 ? String(mark) : undefined],
    ),
    ...tunnel.peers.map((peer) => printPeer(peer, lost)),
    ...tunnel.addresses.map(printAddress),
    ...(tunnel.mtu === undefined ? [] : [`mtu ${tunnel.mtu}`]),
    'up',
    ...printRoutes(tunnel, lost),
    ...(tunnel.dnsServers.length > 0 ? [`!route nameserver \\$if ${tunnel.dnsServers.join(' ')}`] : []),
  ]
  if (mark > 255) lost.push(`FwMark ${tunnel.fwmark}: OpenBSD has routing tables 0 to 255 here`)
  if (tunnel.dnsSearch.length > 0) lost.push(`search domains ${tunnel.dnsSearch.join(' ')}`)
  if (!/^wg[0-9]+$/.test(tunnel.name))
    lost.push(`the name ${tunnel.name}: OpenBSD's interfaces are wgN, name the file hostname.wg0 or another`)
  return { result: `${lines.filter((line) => line !== '').join('\n')}\n`, lost }
}

/** All words of a peer must stand on one line. */
const printPeer = (peer: TunnelPeer, lost: string[]): string => {
  const endpoint = splitEndpoint(peer.endpoint)
  const name = plainName(peer.name, mostDescriptionBytes)
  const seconds = Number(peer.keepalive)
  if (seconds > mostKeepaliveSeconds)
    lost.push(`PersistentKeepalive ${seconds}: ifconfig takes at most ${mostKeepaliveSeconds}`)
  return words(
    ['wgpeer', peer.publicKey],
    ['wgdescr', name === undefined ? undefined : `"${name}"`],
    ['wgpsk', peer.presharedKey],
    ['wgpka', seconds > 0 && seconds <= mostKeepaliveSeconds ? peer.keepalive : undefined],
    ['wgendpoint', endpoint && `${endpoint.host} ${endpoint.port}`],
    ...peer.allowedIps.map((cidr) => ['wgaip', cidr.trim()] as const),
  )
}

const words = (...pairs: (readonly [string, string | undefined])[]): string =>
  pairs.flatMap(([word, value]) => (value === undefined ? [] : [`${word} ${value}`])).join(' ')

/** Further addresses of a family are aliases. */
const printAddress = (address: string, index: number, all: readonly string[]): string => {
  const isIp6 = address.includes(':')
  const first = all.findIndex((other) => other.includes(':') === isIp6) === index
  const alias = first ? '' : ' alias'
  return isIp6 ? `inet6${alias} ${address.replace('/', ' ')}` : `inet${alias} ${address}`
}

const printRoutes = (tunnel: Tunnel, lost: string[]): string[] => {
  const table = tunnel.table === undefined || tunnel.table === 'auto' ? '' : `-T ${tunnel.table} `
  return bootRoutes(tunnel).flatMap(({ family, flag, dst }) => {
    const local = tunnel.addresses.find((address) => address.includes(':') === (family === 6))
    if (local !== undefined)
      return [`!route -q -n ${table}add ${flag} ${dst} -iface ${local.replace(/\/.*$/, '')}`]
    lost.push(`route ${dst}: it needs an address of its family`)
    return []
  })
}
