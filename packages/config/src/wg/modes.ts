// SPDX-License-Identifier: MIT
import type { Device, DeviceChange, PeerChange } from '@wgq/model/device'
import { type Key, keyBytes, zeroKey } from '@wgq/model/key'

/**
 * wg setconf: the file describes the whole device. Missing settings are cleared: key, port (a random one is chosen),
 * fwmark and every peer that the file does not list (spec wg §5.2).
 */
export const replaceAll = (file: DeviceChange): DeviceChange => ({
  privateKey: zeroKey,
  listenPort: 0,
  fwmark: 0,
  ...file,
  replacePeers: true,
})

/**
 * wg syncconf: like {@link replaceAll}, but peers that stay keep their sessions. Peers missing from the file are
 * removed first, each by itself, in descending order of their keys; values missing from the file are reset (spec wg
 * §10).
 */
export const synchronise = (file: DeviceChange, runtime: Device): DeviceChange => {
  const change = replaceAll(file)
  if (file.peers.length === 0 || runtime.peers.length === 0) return change
  const first = new Map<Key, number>()
  const peers: PeerChange[] = [...change.peers]
  peers.forEach((peer, index) => {
    if (!first.has(peer.publicKey)) first.set(peer.publicKey, index)
  })
  const gone: PeerChange[] = []
  for (const peer of runtime.peers) {
    const index = first.get(peer.publicKey)
    if (index === undefined) {
      gone.push({ publicKey: peer.publicKey, remove: true })
      continue
    }
    const wanted = peers[index] as PeerChange
    peers[index] = {
      ...wanted,
      ...(peer.presharedKey !== undefined && wanted.presharedKey === undefined && { presharedKey: zeroKey }),
      ...(peer.keepaliveSeconds !== 0 && wanted.keepaliveSeconds === undefined && { keepaliveSeconds: 0 }),
    }
  }
  gone.sort((a, b) => Buffer.compare(keyBytes(b.publicKey), keyBytes(a.publicKey)))
  return { ...change, replacePeers: false, peers: [...gone, ...peers] }
}
