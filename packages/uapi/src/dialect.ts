// SPDX-License-Identifier: MIT
import type { Device, Peer } from '@wgq/model/device'
import type { Key } from '@wgq/model/key'

/** 1980-01-06, seconds since 1970: no handshake of WireGuard is older, and no age of one is as long. */
const earliestClockSeconds = 315_964_800n

/**
 * The device as its daemon means it, where it does not keep to the protocol: boringtun gives the public key instead of the
 * private one, and how long ago a handshake was instead of when. `nowMs` is the wall clock; one that cannot be right leaves
 * the times as they are.
 */
export const asMeant = (device: Device, ownPublicKey: Key | undefined, nowMs: number): Device => {
  const clockIsSet = nowMs / 1000 > 2 * Number(earliestClockSeconds)
  const peers =
    clockIsSet && device.peers.some(tellsAge) ? device.peers.map((peer) => dated(peer, nowMs)) : device.peers
  const publicKey = device.privateKey === undefined ? ownPublicKey : undefined
  return { ...device, ...(publicKey === undefined ? {} : { publicKey }), peers }
}

const tellsAge = ({ lastHandshake: { seconds, nanoseconds } }: Peer): boolean =>
  seconds < earliestClockSeconds && (seconds > 0n || nanoseconds > 0)

const dated = (peer: Peer, nowMs: number): Peer => {
  if (!tellsAge(peer)) return peer
  const ageMs = Number(peer.lastHandshake.seconds) * 1000 + peer.lastHandshake.nanoseconds / 1e6
  // Whole seconds: the age is rounded by the daemon and by the way to here.
  return { ...peer, lastHandshake: { seconds: BigInt(Math.round((nowMs - ageMs) / 1000)), nanoseconds: 0 } }
}
