// SPDX-License-Identifier: MIT
import type { Cidr } from './cidr.ts'
import type { Endpoint } from './endpoint.ts'
import type { Key } from './key.ts'

/** The state of a running WireGuard device. Peers are in the order of the device. */
export interface Device {
  readonly name: string
  readonly privateKey?: Key
  readonly publicKey?: Key
  /** 0 when none. */
  readonly listenPort: number
  /** Why the data plane does not listen although the link is up: the system's error name. Only wgqd reports it. */
  readonly listenError?: string
  /** 0 when off. */
  readonly fwmark: number
  readonly peers: readonly Peer[]
  /** Counters of the data plane beyond WireGuard's UAPI, by name. Only wgqd has them. */
  readonly counters?: Readonly<Record<string, number>>
}

/** The state of a peer. */
export interface Peer {
  readonly publicKey: Key
  /** Absent when none is set (all zeros). */
  readonly presharedKey?: Key
  readonly endpoint?: Endpoint
  readonly allowedIps: readonly Cidr[]
  /** Wall clock of the last complete handshake; seconds 0 means never. */
  readonly lastHandshake: { readonly seconds: bigint; readonly nanoseconds: number }
  readonly rxBytes: bigint
  readonly txBytes: bigint
  /** 0 when off. */
  readonly keepaliveSeconds: number
  /** What the kernel reported that has no field here: an endpoint of an unknown address family. */
  readonly note?: string
}

/** A peer as a device adds it: without settings, and never reached. */
export const emptyPeer = (publicKey: Key): Peer => ({
  publicKey,
  allowedIps: [],
  lastHandshake: { seconds: 0n, nanoseconds: 0 },
  rxBytes: 0n,
  txBytes: 0n,
  keepaliveSeconds: 0,
})

/**
 * What to change on a device. An absent field leaves the value alone; a present one sets it; zero (the zero key, port
 * 0, fwmark 0, keepalive 0) clears it. Every layer must keep this difference (spec wg §17).
 */
export interface DeviceChange {
  readonly privateKey?: Key
  readonly listenPort?: number
  readonly fwmark?: number
  readonly replacePeers?: boolean
  readonly peers: readonly PeerChange[]
}

/** What to change on one peer, in the order given. */
export interface PeerChange {
  readonly publicKey: Key
  readonly remove?: boolean
  /** Only touch a peer that already exists. */
  readonly updateOnly?: boolean
  readonly presharedKey?: Key
  readonly endpoint?: Endpoint
  readonly keepaliveSeconds?: number
  readonly replaceAllowedIps?: boolean
  readonly allowedIps?: readonly AllowedIpChange[]
}

/** One allowed IP to add, or to remove when `remove` is set (`-10.0.0.0/8`). Host bits may be set; the device masks. */
export interface AllowedIpChange extends Cidr {
  readonly remove?: boolean
}

/**
 * Access to WireGuard devices of any driver. `read` and `change` raise `E_DEVICE` with `errno` set to the system's name
 * (`ENODEV`, `EPERM`, `EPROTONOSUPPORT`, `EPROTO` …); `list` raises it too.
 */
export interface DeviceAccess {
  list(): Promise<string[]>
  read(name: string): Promise<Device>
  change(name: string, change: DeviceChange): Promise<void>
}
