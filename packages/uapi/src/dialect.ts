// SPDX-License-Identifier: MIT
import type { Device, Peer } from '@wgq/model/device'
import type { Key } from '@wgq/model/key'

/** 1980-01-06, seconds since 1970: every handshake time is later, and every handshake age is shorter. */
const earliestClockSeconds = 315_964_800n

/**
 * Corrects deviations of a daemon from the protocol: boringtun sends the public key instead of the private one, and the
 * age of a handshake instead of its time. `nowMs` is the wall clock; if it cannot be right, the times stay unchanged.
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
  // Whole seconds: the daemon rounds the age, and the transfer delays it.
  return { ...peer, lastHandshake: { seconds: BigInt(Math.round((nowMs - ageMs) / 1000)), nanoseconds: 0 } }
}
