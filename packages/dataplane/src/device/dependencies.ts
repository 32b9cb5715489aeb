// SPDX-License-Identifier: MIT
import type { Key } from '@wgq/model/key'
import type { PacketEngine } from '@wgq/native/engine'
import type { PrivateKey } from '@wgq/native/noise-primitives'
import type { MakeKeyPair } from '../noise/dh.ts'
import type { Peer } from './peer.ts'

/** Everything outside that a device needs: its packets, its clocks, its randomness, its log. Tests give their own. */
export interface DeviceDependencies {
  readonly engine: PacketEngine
  /** Milliseconds of CLOCK_BOOTTIME, the clock of the engine. */
  readonly bootMs: () => number
  /** Nanoseconds since 1970. */
  readonly wallNs: () => bigint
  readonly makeKeyPair: MakeKeyPair
  /** An unpredictable integer from 0 to 2^32 − 1. */
  readonly randomIndex: () => number
  /** A random number from 0 to 333. */
  readonly jitterMs: () => number
  /** Has {@link Device.tick} called at this time (boot clock), once; undefined cancels. */
  readonly wakeAt: (atMs: number | undefined) => void
  readonly interfaceIndex: (name: string) => number | undefined
  readonly interfaceName: (index: number) => string | undefined
  /** The endpoint record with the source that its packets need; undefined leaves it to the system, 'none' says that there is
   *  no address to send from but the tunnel's own. */
  readonly fitSource?: (record: Uint8Array) => Uint8Array | 'none' | undefined
  /** Takes the keys of each handshake, where they are to be written. */
  readonly keyLog?: ((keys: HandshakeKeys) => void) | undefined
  /** Called when something goes out to a peer that it owes an answer to: data after its last word, an initiation. */
  readonly onQuestion?: ((peer: Peer) => void) | undefined
  readonly log: DeviceLog
}

/** Our keys of one handshake, from which with a capture of it the session's follow. */
export interface HandshakeKeys {
  readonly localStatic: Key
  readonly remoteStatic: Key
  readonly ephemeral: PrivateKey
  readonly presharedKey: Uint8Array | undefined
}

/** Where a device reports. Texts are made only when wanted. */
export interface DeviceLog {
  readonly debug: (text: () => string) => void
  /** Something an operator should read although nothing is broken here. */
  readonly notice: (text: string) => void
  readonly error: (text: string) => void
}
