// SPDX-License-Identifier: MIT
import type { Cidr } from '@wgq/model/cidr'
import type { Endpoint } from '@wgq/model/endpoint'
import type { Key } from '@wgq/model/key'

/**
 * The device behind a configuration socket. Every method takes effect at once, in the order of the request's lines; a
 * refusal is an error with `code` (EADDRINUSE …). Keys that are all zero mean "none".
 */
export interface ServedDevice {
  read(): ServedState
  /** Counters and gauges beyond WireGuard's own protocol, by name. */
  counters(): Readonly<Record<string, number>>
  /** Information about the peers for troubleshooting, beyond WireGuard's own protocol. */
  health?(): Iterable<ServedPeerHealth>
  /**
   * Calls `listener` each time a peer does not answer for two seconds, and after each change of the settings. Returns a
   * function that stops it.
   */
  onNews?(listener: () => void): () => void
  setPrivateKey(key: Key): void
  setListenPort(port: number): void
  setFwmark(mark: number): void
  removePeers(): void
  peer(publicKey: Key): ServedPeer | undefined
  /** Adds a peer; returns undefined for the device's own public key, which is silently ignored. */
  addPeer(publicKey: Key): ServedPeer | undefined
  /** Ends the request: collected changes take effect. */
  commit(): void
}

/** One peer behind a configuration socket. */
export interface ServedPeer {
  remove(): void
  setPresharedKey(key: Key): void
  setEndpoint(endpoint: Endpoint): void
  setKeepalive(seconds: number): void
  clearAllowedIps(): void
  addAllowedIp(prefix: Cidr): void
  removeAllowedIp(prefix: Cidr): void
  /** Ends the peer's section: pending packets are sent. */
  configured(): void
}

/** The state for a `get=1` reply. Peers are in the order they were added. */
export interface ServedState {
  readonly privateKey: Key | undefined
  /** Belongs to the private key. */
  readonly publicKey?: Key | undefined
  /** 0 when nothing listens although the link is up. */
  readonly listenPort: number
  /** Why nothing listens although the link is up, the system's error name. */
  readonly listenError?: string | undefined
  readonly fwmark: number
  readonly peers: Iterable<ServedPeerState>
}

/** The state of a peer for a `get=1` reply. */
export interface ServedPeerState {
  readonly publicKey: Key
  readonly presharedKey: Key | undefined
  readonly endpoint: Endpoint | undefined
  /** Nanoseconds since 1970; 0n means never. */
  readonly lastHandshakeNs: bigint
  readonly rxBytes: bigint
  readonly txBytes: bigint
  readonly keepaliveSeconds: number
  /** `ADDRESS/LENGTH`. */
  readonly allowedIps: Iterable<string>
}

/** The data of a peer in a `wgq_peers=1` reply. */
export interface ServedPeerHealth {
  readonly publicKey: Key
  /** Seconds since we first sent data or an initiation without an answer; 0 if the last packet was the peer's. */
  readonly unansweredSeconds: number
  /** Initiations of the running handshake that were repeated. */
  readonly attempts: number
  /** How far the peer's clock, from its last accepted handshake, is ahead of ours; 0 if it is not. */
  readonly clockAheadSeconds: number
}
