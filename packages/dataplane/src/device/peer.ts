// SPDX-License-Identifier: MIT
import type { Endpoint } from '@wgq/model/endpoint'
import type { Key } from '@wgq/model/key'
import { newTimerState, type TimerState } from '../peer/timers.ts'

/** A peer in the control half. Large fields are created when first needed: ten thousand idle peers are cheap. */
export interface Peer {
  /** The engine's handle. */
  readonly handle: number
  readonly publicKey: Key
  /** The configured endpoint, if it names an interface. */
  zonedEndpoint: Endpoint | undefined
  presharedKey: Buffer | undefined
  readonly timers: TimerState
  /** Used by the deadline heap. */
  scheduledAt: number | undefined
  prefixes: Set<string> | undefined
  removed: boolean

  /** The peer's clock when it last began a handshake, seconds since 1970; 0 means never. */
  clockSeconds: number
  /** Wall clock of the last initiation sent to it, nanoseconds since 1970; 0n means never. */
  lastSentNs: bigint
  /** Whether the engine may hold keypairs. */
  hasSessions: boolean

  /** Number of handshakes given up since the last complete one. */
  givenUp: number
  /** Wall clock of the last complete handshake, nanoseconds since 1970; 0n means never. */
  lastHandshakeNs: bigint
}

/** A new peer with nothing but its key. */
export const newPeer = (handle: number, publicKey: Key): Peer => ({
  handle,
  publicKey,
  zonedEndpoint: undefined,
  presharedKey: undefined,
  timers: newTimerState(),
  scheduledAt: undefined,
  prefixes: undefined,
  removed: false,
  clockSeconds: 0,
  lastSentNs: 0n,
  hasSessions: false,
  givenUp: 0,
  lastHandshakeNs: 0n,
})

/** `peer(AbCd…WxYz)`: enough of the key to recognise the peer in a log. */
export const peerName = (publicKey: Key): string =>
  `peer(${publicKey.slice(0, 4)}…${publicKey.slice(39, 43)})`

/** Wipes the keys of a removed peer. */
export const forgetSecrets = (peer: Peer): void => {
  peer.presharedKey?.fill(0)
  peer.presharedKey = undefined
}
