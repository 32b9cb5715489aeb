// SPDX-License-Identifier: MIT
import type { Cidr } from '@wgq/model/cidr'
import type { Endpoint } from '@wgq/model/endpoint'
import type { Key } from '@wgq/model/key'

/**
 * The device behind a configuration socket. Every method acts at once, in the order of the request's lines; a refusal is
 * an error with `code` (EADDRINUSE …). Keys that are all zero mean "none".
 */
export interface ServedDevice {
  read(): ServedState
  /** Counters and gauges beyond WireGuard's own protocol, by name. */
  counters(): Readonly<Record<string, number>>
  /** What a person who looks for a fault wants to know of the peers, beyond WireGuard's own protocol. */
  health?(): Iterable<ServedPeerHealth>
  /** Has `listener` called each time when a peer does not answer for two seconds. Returns what ends that. */
  onSilence?(listener: () => void): () => void
  setPrivateKey(key: Key): void
  setListenPort(port: number): void
  setFwmark(mark: number): void
  removePeers(): void
  peer(publicKey: Key): ServedPeer | undefined
  /** Makes a peer; undefined for the device's own public key, which is silently ignored. */
  addPeer(publicKey: Key): ServedPeer | undefined
  /** The request is over: what was gathered takes effect. */
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
  /** The peer's section is over: what it owes goes out. */
  configured(): void
}

/** What a `get=1` tells. Peers come in the order they were added. */
export interface ServedState {
  readonly privateKey: Key | undefined
  /** Of the private key. */
  readonly publicKey?: Key | undefined
  /** 0 when nothing listens although the link is up. */
  readonly listenPort: number
  /** Why nothing listens although the link is up, the system's error name. */
  readonly listenError?: string | undefined
  readonly fwmark: number
  readonly peers: Iterable<ServedPeerState>
}

/** What a `get=1` tells of a peer. */
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

/** What a `wgq_peers=1` tells of a peer. */
export interface ServedPeerHealth {
  readonly publicKey: Key
  /** Since when data or initiations went out and nothing came back; 0 when the last word was the peer's. */
  readonly unansweredSeconds: number
  /** Initiations of the running handshake that were repeated. */
  readonly attempts: number
  /** How far the clock that the peer's last accepted handshake shows is ahead of ours; 0 when it is not. */
  readonly clockAheadSeconds: number
}
