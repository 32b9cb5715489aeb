// SPDX-License-Identifier: MIT
import { covers, maskCidr } from '@wgq/model/cidr'
import type { AllowedIpChange, Device, DeviceChange, PeerChange } from '@wgq/model/device'

/** Returns whether a change has `-` edits of allowed IPs, which no BSD kernel supports. */
export const hasRemovals = (change: DeviceChange): boolean =>
  change.peers.some((peer) => peer.allowedIps?.some((cidr) => cidr.remove))

/** Returns whether a change may only touch existing peers. */
export const hasUpdateOnly = (change: DeviceChange): boolean =>
  change.peers.some((peer) => peer.updateOnly && !peer.remove)

/**
 * Rewrites each peer that loses allowed IPs to replace its list with the result: older FreeBSD kernels would add the
 * allowed IPs that are to be removed (spec bsd §2.4, §9.5). The new list keeps the device's order, oldest first.
 */
export const resolveRemovals = (change: DeviceChange, device: Device): DeviceChange => ({
  ...change,
  peers: change.peers.map((peer) =>
    peer.allowedIps?.some((cidr) => cidr.remove)
      ? resolvePeer(peer, change.replacePeers ? undefined : device)
      : peer,
  ),
})

/** Resolves `updateOnly`: changes to unknown peers are dropped. */
export const resolveUpdateOnly = (change: DeviceChange, device: Device): DeviceChange => {
  const known = new Set(device.peers.map((peer) => peer.publicKey))
  const peers = change.peers.filter(
    (peer) => !peer.updateOnly || (known.has(peer.publicKey) && !change.replacePeers),
  )
  return { ...change, peers: peers.map(({ updateOnly: _, ...peer }) => peer) }
}

const resolvePeer = (peer: PeerChange, device: Device | undefined): PeerChange => {
  const current = peer.replaceAllowedIps
    ? []
    : (device?.peers.find((candidate) => candidate.publicKey === peer.publicKey)?.allowedIps ?? [])
  // The kernels list newest first.
  const wanted: AllowedIpChange[] = [...current].reverse()
  for (const edit of peer.allowedIps ?? []) {
    const at = wanted.findIndex((cidr) => samePrefix(cidr, edit))
    if (edit.remove && at >= 0) wanted.splice(at, 1)
    if (!edit.remove && at < 0) wanted.push(edit)
  }
  return { ...peer, replaceAllowedIps: true, allowedIps: wanted }
}

const samePrefix = (a: AllowedIpChange, b: AllowedIpChange): boolean =>
  a.prefixLength === b.prefixLength && covers(maskCidr(a), maskCidr(b))
