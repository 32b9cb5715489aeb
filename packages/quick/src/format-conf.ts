// SPDX-License-Identifier: MIT
import { formatCidr } from '@wgq/model/cidr'
import type { Device } from '@wgq/model/device'
import { formatEndpoint } from '@wgq/model/endpoint'

/** `wg showconf`: formats the device as a configuration that `wg setconf` reads (spec wg §3). */
export const formatConf = (device: Device): string => {
  const lines = ['[Interface]']
  if (device.listenPort !== 0) lines.push(`ListenPort = ${device.listenPort}`)
  if (device.fwmark !== 0) lines.push(`FwMark = 0x${device.fwmark.toString(16)}`)
  if (device.privateKey !== undefined) lines.push(`PrivateKey = ${device.privateKey}`)
  lines.push('')
  device.peers.forEach((peer, index) => {
    if (index > 0) lines.push('')
    lines.push('[Peer]', `PublicKey = ${peer.publicKey}`)
    if (peer.presharedKey !== undefined) lines.push(`PresharedKey = ${peer.presharedKey}`)
    if (peer.allowedIps.length > 0) lines.push(`AllowedIPs = ${peer.allowedIps.map(formatCidr).join(', ')}`)
    if (peer.endpoint) lines.push(`Endpoint = ${formatEndpoint(peer.endpoint)}`)
    if (peer.keepaliveSeconds !== 0) lines.push(`PersistentKeepalive = ${peer.keepaliveSeconds}`)
  })
  return `${lines.join('\n')}\n`
}
