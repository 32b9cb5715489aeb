// SPDX-License-Identifier: MIT
import { rejectAfterMs } from '@wgq/dataplane/constants'
import type { Device, Peer } from '@wgq/model/device'
import { formatEndpoint } from '@wgq/model/endpoint'
import type { Key } from '@wgq/model/key'

/** Something that happened to an interface or a peer, as `wgq watch` prints it (docs/schema/event.json). */
export type DeviceEvent =
  | { readonly event: 'up' | 'down'; readonly interface: string }
  /** `expired`: its `# Expires` time has passed, and `watch` disabled it. */
  | {
      readonly event: 'peer-added' | 'peer-removed' | 'expired'
      readonly interface: string
      readonly peer: Key
    }
  /** A session was created or renewed; `handshakeSeconds` is its wall clock time. */
  | {
      readonly event: 'handshake'
      readonly interface: string
      readonly peer: Key
      readonly handshakeSeconds: number
    }
  | { readonly event: 'endpoint'; readonly interface: string; readonly peer: Key; readonly endpoint: string }
  /** The last handshake is older than the lifetime of a session (180 s). */
  | {
      readonly event: 'stale'
      readonly interface: string
      readonly peer: Key
      readonly handshakeSeconds: number
    }

/** A peer whose last handshake is older has no usable session. */
export const staleAfterSeconds = rejectAfterMs / 1000

/** The changes between two states of one interface, read at `beforeSeconds` and `nowSeconds` (wall clock). */
export const deviceEvents = (
  before: Device | undefined,
  after: Device | undefined,
  beforeSeconds: number,
  nowSeconds: number,
): DeviceEvent[] => {
  const name = (after ?? before)?.name
  if (name === undefined) return []
  if (!after) return [{ event: 'down', interface: name }]
  const known = new Map(before?.peers.map((peer) => [peer.publicKey, peer]))
  const events: DeviceEvent[] = before ? [] : [{ event: 'up', interface: name }]
  for (const peer of after.peers) {
    const old = known.get(peer.publicKey)
    known.delete(peer.publicKey)
    if (before && !old) events.push({ event: 'peer-added', interface: name, peer: peer.publicKey })
    events.push(...peerEvents(name, old, peer, beforeSeconds, nowSeconds))
  }
  for (const peer of known.keys()) events.push({ event: 'peer-removed', interface: name, peer })
  return events
}

const peerEvents = (
  name: string,
  old: Peer | undefined,
  peer: Peer,
  beforeSeconds: number,
  nowSeconds: number,
): DeviceEvent[] => {
  const events: DeviceEvent[] = []
  const at = { interface: name, peer: peer.publicKey }
  const endpoint = peer.endpoint && formatEndpoint(peer.endpoint)
  if (endpoint !== undefined && old && endpoint !== (old.endpoint && formatEndpoint(old.endpoint)))
    events.push({ event: 'endpoint', ...at, endpoint })
  const seconds = Number(peer.lastHandshake.seconds)
  if (seconds === 0) return events
  const renewed =
    old?.lastHandshake.seconds !== peer.lastHandshake.seconds ||
    old.lastHandshake.nanoseconds !== peer.lastHandshake.nanoseconds
  if (renewed && old) events.push({ event: 'handshake', ...at, handshakeSeconds: seconds })
  const dies = seconds + staleAfterSeconds
  if (dies <= nowSeconds && (!old || dies > beforeSeconds))
    events.push({ event: 'stale', ...at, handshakeSeconds: seconds })
  return events
}
