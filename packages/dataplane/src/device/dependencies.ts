// SPDX-License-Identifier: MIT
import type { Key } from '@wgq/model/key'
import type { PacketEngine } from '@wgq/native/engine'
import type { Peer } from './peer.ts'

/** External dependencies of a device: packets, clocks, randomness, log. Tests supply their own. */
export interface DeviceDependencies {
  readonly engine: PacketEngine
  /** Milliseconds of CLOCK_BOOTTIME, the clock of the engine. */
  readonly bootMs: () => number
  /** Nanoseconds since 1970. */
  readonly wallNs: () => bigint
  /** A random number from 0 to 333. */
  readonly jitterMs: () => number
  /** Schedules one call of {@link Device.tick} at this time (boot clock); undefined cancels it. */
  readonly wakeAt: (atMs: number | undefined) => void
  readonly interfaceIndex: (name: string) => number | undefined
  readonly interfaceName: (index: number) => string | undefined
  /** Returns the endpoint record with the source that its packets need; undefined leaves it to the system, 'none' means
   *  that the tunnel's own address is the only one. The answer may be an earlier one unless `again` is true. */
  readonly fitSource?: (record: Uint8Array, again: boolean) => Uint8Array | 'none' | undefined
  /** Where the keys of each handshake are written, if anywhere. */
  readonly keyLog?: { readonly note: (keys: HandshakeKeys) => void } | undefined
  /** Called when something is sent that the peer must answer: first data since its last packet, or an initiation. */
  readonly onQuestion?: ((peer: Peer) => void) | undefined
  readonly log: DeviceLog
}

/** Our keys of one handshake: together with a capture of it, they give the session's keys. */
export interface HandshakeKeys {
  readonly localStatic: Key
  readonly remoteStatic: Key
  readonly ephemeral: Uint8Array
  readonly presharedKey: Uint8Array | undefined
}

/** Log of a device. Debug texts are built only if needed. */
export interface DeviceLog {
  readonly debug: (text: () => string) => void
  /** Logs a message for the operator, although nothing is broken here. */
  readonly notice: (text: string) => void
  readonly error: (text: string) => void
}
