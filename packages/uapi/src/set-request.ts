// SPDX-License-Identifier: MIT
import { formatCidr } from '@wgq/model/cidr'
import type { DeviceChange, PeerChange } from '@wgq/model/device'
import { formatEndpoint } from '@wgq/model/endpoint'
import { keyToHex } from '@wgq/model/key'

/**
 * Formats a change as a `set=1` request with its closing blank line, fields in the order of `wg` (spec wg §12.2). For a
 * removed peer only the key is sent.
 */
export const formatSetRequest = (change: DeviceChange): string => {
  const lines = ['set=1']
  if (change.privateKey !== undefined) lines.push(`private_key=${keyToHex(change.privateKey)}`)
  if (change.listenPort !== undefined) lines.push(`listen_port=${change.listenPort}`)
  if (change.fwmark !== undefined) lines.push(`fwmark=${change.fwmark}`)
  if (change.replacePeers) lines.push('replace_peers=true')
  for (const peer of change.peers) pushPeer(lines, peer)
  lines.push('', '')
  return lines.join('\n')
}

const pushPeer = (lines: string[], peer: PeerChange): void => {
  lines.push(`public_key=${keyToHex(peer.publicKey)}`)
  if (peer.remove) {
    lines.push('remove=true')
    return
  }
  if (peer.updateOnly) lines.push('update_only=true')
  if (peer.presharedKey !== undefined) lines.push(`preshared_key=${keyToHex(peer.presharedKey)}`)
  if (peer.endpoint) lines.push(`endpoint=${formatEndpoint(peer.endpoint)}`)
  if (peer.keepaliveSeconds !== undefined)
    lines.push(`persistent_keepalive_interval=${peer.keepaliveSeconds}`)
  if (peer.replaceAllowedIps) lines.push('replace_allowed_ips=true')
  for (const entry of peer.allowedIps ?? []) {
    lines.push(`allowed_ip=${entry.remove ? '-' : ''}${formatCidr(entry)}`)
  }
}
