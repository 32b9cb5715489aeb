// SPDX-License-Identifier: MIT
import { formatCidr } from '@wgq/model/cidr'
import type { DeviceChange, PeerChange } from '@wgq/model/device'
import { WgqError } from '@wgq/model/error'
import { daemonBehind } from './daemon-behind.ts'

const mostWords = 6

/**
 * `E_DEVICE` (errno `EPROTO`) for a daemon that closes the connection instead of answering, with its name and the
 * request. `request` holds no secret values.
 */
export const closedConnection = (name: string, socketPath: string, request: string): WgqError => {
  const daemon = daemonBehind(socketPath)
  const who = daemon ? `${daemon.name} (process ${daemon.pid})` : 'its daemon'
  return new WgqError('E_DEVICE', `${name}: ${who} closed the connection without an answer to ${request}`, {
    errno: 'EPROTO',
  })
}

/** Describes a change with the protocol's keys, without secrets: `fwmark=7, peer abc…: allowed_ip=-10.0.0.0/8`. */
export const changeInWords = (change: DeviceChange): string => {
  const words: string[] = []
  if (change.privateKey !== undefined) words.push('private_key')
  if (change.listenPort !== undefined) words.push(`listen_port=${change.listenPort}`)
  if (change.fwmark !== undefined) words.push(`fwmark=${change.fwmark}`)
  if (change.replacePeers) words.push('replace_peers')
  for (const peer of change.peers) words.push(peerInWords(peer))
  const more = words.length - mostWords
  return more > 0
    ? `${words.slice(0, mostWords).join(', ')} and ${more} more`
    : words.join(', ') || 'an empty set'
}

const peerInWords = (peer: PeerChange): string => {
  const words: string[] = []
  if (peer.remove) words.push('remove')
  if (peer.updateOnly) words.push('update_only')
  if (peer.presharedKey !== undefined) words.push('preshared_key')
  if (peer.endpoint) words.push('endpoint')
  if (peer.keepaliveSeconds !== undefined)
    words.push(`persistent_keepalive_interval=${peer.keepaliveSeconds}`)
  if (peer.replaceAllowedIps) words.push('replace_allowed_ips')
  const removed = peer.allowedIps?.filter(({ remove }) => remove) ?? []
  if (removed.length > 0)
    words.push(
      removed
        .slice(0, 3)
        .map((entry) => `allowed_ip=-${formatCidr(entry)}`)
        .join(' '),
    )
  if ((peer.allowedIps?.length ?? 0) > removed.length) words.push('allowed_ip')
  return `peer ${peer.publicKey.slice(0, 12)}…: ${words.join(' ') || 'nothing else'}`
}
