// SPDX-License-Identifier: MIT
import type { Endpoint } from '@wgq/model/endpoint'
import type { Key } from '@wgq/model/key'
import type { InitiatorState } from '../noise/handshake.ts'
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

  /** Our outstanding initiation: the one handshake slot of a peer (spec protocol §3.5). */
  initiation: InitiatorState | undefined
  /** DH of both static keys: `unknown` until first needed, undefined for a low-order public key. */
  staticStatic: Buffer | undefined | 'unknown'
  /** Greatest timestamp accepted, 12 bytes as latin1 text: compares as the bytes do. */
  lastTimestamp: string
  lastInitiationMs: number
  /** Wall clock of the last initiation sent to it, nanoseconds since 1970; 0n means never. */
  lastSentNs: bigint
  /** mac1 of the last handshake message sent, until a cookie reply consumes it. */
  sentMac1: Buffer | undefined
  cookie: { readonly value: Uint8Array; readonly bornMs: number } | undefined
  /** Whether the engine may hold keypairs. */
  hasSessions: boolean

  /** Number of handshakes given up since the last complete one. */
  givenUp: number
  /** Wall clock of the last complete handshake, nanoseconds since 1970; 0n means never. */
  lastHandshakeNs: bigint
}

/** The preshared key of a peer that has none. */
export const noPresharedKey = new Uint8Array(32)

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
  initiation: undefined,
  staticStatic: 'unknown',
  lastTimestamp: '',
  lastInitiationMs: Number.NEGATIVE_INFINITY,
  lastSentNs: 0n,
  sentMac1: undefined,
  cookie: undefined,
  hasSessions: false,
  givenUp: 0,
  lastHandshakeNs: 0n,
})

/** `peer(AbCd…WxYz)`: enough of the key to recognise the peer in a log. */
export const peerName = (publicKey: Key): string =>
  `peer(${publicKey.slice(0, 4)}…${publicKey.slice(39, 43)})`

/** Wipes the keys of a removed peer. */
export const forgetSecrets = (peer: Peer): void => {
  if (peer.staticStatic !== 'unknown') peer.staticStatic?.fill(0)
  peer.staticStatic = 'unknown'
  peer.presharedKey?.fill(0)
  peer.presharedKey = undefined
  peer.cookie?.value.fill(0)
  peer.cookie = undefined
}
