// SPDX-License-Identifier: MIT
import { formatCidr, maskCidr } from '@wgq/model/cidr'
import type { DeviceChange, PeerChange } from '@wgq/model/device'
import { formatEndpoint } from '@wgq/model/endpoint'
import { zeroKey } from '@wgq/model/key'

/** The equivalent `wg set` command lines, one for the interface and one for each peer; secrets appear as files. */
export const spellChange = (name: string, change: DeviceChange): string[] => {
  const device = [
    ...(change.listenPort === undefined ? [] : [`listen-port ${change.listenPort}`]),
    ...(change.fwmark === undefined
      ? []
      : [`fwmark ${change.fwmark === 0 ? 'off' : `0x${change.fwmark.toString(16)}`}`]),
    ...(change.privateKey === undefined ? [] : [`private-key ${keyFile(change.privateKey)}`]),
  ]
  const lines = device.length > 0 ? [`wg set ${name} ${device.join(' ')}`] : []
  return [...lines, ...change.peers.map((peer) => `wg set ${name} ${spellPeer(peer)}`)]
}

const spellPeer = (peer: PeerChange): string => {
  const words = [`peer ${peer.publicKey}`]
  if (peer.remove) return `${words} remove`
  if (peer.presharedKey !== undefined) words.push(`preshared-key ${keyFile(peer.presharedKey)}`)
  if (peer.endpoint) words.push(`endpoint ${formatEndpoint(peer.endpoint)}`)
  if (peer.keepaliveSeconds !== undefined)
    words.push(`persistent-keepalive ${peer.keepaliveSeconds === 0 ? 'off' : peer.keepaliveSeconds}`)
  if (peer.replaceAllowedIps)
    words.push(
      `allowed-ips ${(peer.allowedIps ?? []).map((cidr) => formatCidr(maskCidr(cidr))).join(',') || "''"}`,
    )
  return words.join(' ')
}

/** A key never appears on a line: /dev/null removes one, a pipe sets one. */
const keyFile = (key: string): string => (key === zeroKey ? '/dev/null' : '/dev/fd/63')
