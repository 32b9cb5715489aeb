// SPDX-License-Identifier: MIT
import { formatCidr, maskCidr } from '@wgq/model/cidr'
import type { AllowedIpChange, Device, DeviceChange, Peer, PeerChange } from '@wgq/model/device'
import { formatEndpoint } from '@wgq/model/endpoint'
import { type Key, zeroKey } from '@wgq/model/key'

/**
 * Converts a change for boringtun 0.7 into consecutive requests. boringtun does not modify an existing peer, ignores
 * everything after the removal of a peer, and supports neither `update_only` nor the removal of an allowed IP. So a
 * changed peer is removed and added again with all its settings, which ends its session; unchanged peers are left
 * alone.
 */
export const changesForBoringtun = (change: DeviceChange, device: Device): DeviceChange[] => {
  const before = new Map<Key, Peer>(
    change.replacePeers ? [] : device.peers.map((peer) => [peer.publicKey, peer]),
  )
  const after = new Map<Key, PeerChange | undefined>()
  for (const peer of change.peers) {
    const known = after.has(peer.publicKey) ? after.get(peer.publicKey) : whole(before.get(peer.publicKey))
    if (peer.remove) after.set(peer.publicKey, undefined)
    else if (known || !peer.updateOnly) after.set(peer.publicKey, merged(known, peer))
  }
  const added = [...after.values()].filter(
    (peer): peer is PeerChange =>
      peer !== undefined && textOf(peer) !== textOf(whole(before.get(peer.publicKey))),
  )
  const gone = [...after].filter(
    ([key, peer]) => before.has(key) && (peer === undefined || added.includes(peer)),
  )
  const { peers: _, ...settings } = change
  const first: DeviceChange = { ...settings, peers: gone.map(([publicKey]) => ({ publicKey, remove: true })) }
  if (added.length === 0) return [first]
  // Everything after a removal in the same request is lost.
  return gone.length === 0 ? [{ ...first, peers: added }] : [first, { peers: added }]
}

const whole = (peer: Peer | undefined): PeerChange | undefined =>
  peer && {
    publicKey: peer.publicKey,
    ...(peer.presharedKey === undefined ? {} : { presharedKey: peer.presharedKey }),
    ...(peer.endpoint ? { endpoint: peer.endpoint } : {}),
    ...(peer.keepaliveSeconds === 0 ? {} : { keepaliveSeconds: peer.keepaliveSeconds }),
    replaceAllowedIps: true,
    allowedIps: peer.allowedIps,
  }

const merged = (known: PeerChange | undefined, edit: PeerChange): PeerChange => {
  const allowedIps: AllowedIpChange[] = edit.replaceAllowedIps ? [] : [...(known?.allowedIps ?? [])]
  for (const { remove, ...entry } of edit.allowedIps ?? []) {
    const prefix = maskCidr(entry)
    const at = allowedIps.findIndex((other) => formatCidr(other) === formatCidr(prefix))
    if (remove && at >= 0) allowedIps.splice(at, 1)
    if (!remove && at < 0) allowedIps.push(prefix)
  }
  const presharedKey = edit.presharedKey ?? known?.presharedKey
  const endpoint = edit.endpoint ?? known?.endpoint
  const keepaliveSeconds = edit.keepaliveSeconds ?? known?.keepaliveSeconds ?? 0
  return {
    publicKey: edit.publicKey,
    ...(presharedKey === undefined || presharedKey === zeroKey ? {} : { presharedKey }),
    ...(endpoint ? { endpoint } : {}),
    ...(keepaliveSeconds === 0 ? {} : { keepaliveSeconds }),
    replaceAllowedIps: true,
    allowedIps,
  }
}

const textOf = (peer: PeerChange | undefined): string =>
  peer === undefined
    ? ''
    : [
        peer.presharedKey ?? '',
        peer.endpoint ? formatEndpoint(peer.endpoint) : '',
        peer.keepaliveSeconds ?? 0,
        ...(peer.allowedIps ?? []).map(formatCidr).sort(),
      ].join(' ')
