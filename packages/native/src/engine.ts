// SPDX-License-Identifier: MIT
import { loadAddon } from './addon.ts'

/**
 * The packet engine: two run-to-completion threads (tun→udp, udp→tun) that own keypairs, replay windows, counters, the
 * allowed-IPs table and staged packets. JavaScript decides; packets never reach it (design decision 8).
 * The memory twin for tests of the deciding side lives in the dataplane package.
 */
export interface PacketEngine {
  /** Opens the UDP sockets for both families on `port` (0: any) and swaps them in; a failure leaves the old ones working.
   *  Returns the bound port. Forgets learned sources. Raises an error with `code` (EADDRINUSE …). */
  bind(port: number): number
  /** Closes the UDP sockets. */
  unbind(): void
  /** SO_MARK on the sockets of now and later; forgets learned sources. Setting 0 where 0 is set never fails. */
  setFwmark(mark: number): void
  /** Lets the threads run (interface up). Sockets must be bound. */
  start(): void
  /** Parks the threads (interface down) and drops staged packets. */
  stop(): void
  /** Joins the threads, closes TUN and sockets, zeroes keys. The engine is unusable afterwards. */
  close(): void
  /** Attaches the TUN anew without the virtio header, for a kernel that takes no packet with one. The device keeps its
   *  name, index, addresses, routes, MTU and state; packets on their way out of it are lost, staged ones are not. Returns
   *  why it cannot be done, undefined when it was done. Raises an error with `code` when the device was lost on the way:
   *  then it is deleted and the engine is of no use any more. */
  reattachTun(): string | undefined
  /** MTU of the TUN, which bounds padding. */
  setMtu(mtu: number): void
  /** MTUs of routes through the TUN, ascending, u32 in host byte order: padding takes no packet beyond one of them. The
   *  first eight count. */
  setRouteMtus(ascending: Uint8Array): void

  /** HASH("mac1----" ‖ own public key) and HASH("cookie--" ‖ own public key), 32 bytes each; undefined while no private
   *  key is set: then handshake messages are dropped. */
  setIdentity(keys: { mac1Key: Uint8Array; cookieKey: Uint8Array } | undefined): void

  /** Makes a peer; the number is its handle until removePeer, never 0. */
  addPeer(): number
  /** Marks dead, unlinks everywhere, drops queues, zeroes keys; no event of this handle follows. */
  removePeer(peer: number): void
  /** Sets the endpoint (an {@link endpointRecordBytes} record, with the source to send from if it has one) or unsets it; a
   *  learned source is forgotten. */
  setEndpoint(peer: number, record: Uint8Array | undefined): void
  /** Forgets the learned local source of one peer. */
  clearSource(peer: number): void
  /** Moves the endpoint to the sender of an authenticated handshake message, source included. Counts as an authenticated
   *  packet received (`lastReceived`, `lastTraversal`, clears `unansweredSince`); `messageBytes` (148, 92) is added to
   *  `rxBytes`. */
  learnEndpoint(peer: number, record: Uint8Array, messageBytes?: number): void

  /**
   * Applies a batch of allowed-IP changes at once: records of {@link allowedIpRecordBytes} bytes. Ownership (stealing) is
   * the caller's: it sends the removal or simply the new owner, the last record of a prefix wins.
   */
  updateAllowedIps(records: Uint8Array): void

  /**
   * Installs a keypair after a handshake and rotates previous/current/next (protocol §4.2). Keys are copied; the caller
   * zeroes its own. Returns the local indices that the rotation dropped.
   */
  beginSession(peer: number, session: Session): number[]
  /** Drops all keypairs of a peer and zeroes them; returns their local indices. */
  clearSessions(peer: number): number[]
  /** Own private key changed: current and next may no longer send, receiving goes on. */
  expireSending(peer: number): void

  /** Sends a handshake message (TOS 0x88) to the peer's endpoint, sticky source included, and counts it. Returns 0 or the
   *  errno; EDESTADDRREQ (89) without an endpoint. */
  sendHandshake(peer: number, message: Uint8Array): number
  /** Queues an empty packet if nothing is staged, then sends what is staged; asks for a handshake when there is no key. */
  sendKeepalive(peer: number): void
  /** Sends what is staged if there is a usable key, else asks for a handshake. */
  flushStaged(peer: number): void
  /** Drops what is staged, counting it; returns the number of packets. */
  dropStaged(peer: number): number

  /** Everything that happened since the last call; `onWake` announces the first one. Handshake messages are limited to
   *  `mostHandshakes` per call (64 unless given); the rest stays queued and onWake is called again. */
  takeEvents(mostHandshakes?: number): EngineEvent[]
  /** Says how long the last drain took, so that a slow event loop counts as load (protocol §6.4). */
  reportDrain(milliseconds: number): void

  /** Counters and timer facts of one peer. */
  peerState(peer: number): EnginePeerState
  /** The endpoint as an {@link endpointRecordBytes} record; undefined when unknown. */
  peerEndpoint(peer: number): Uint8Array | undefined
  /** Device-wide counters by name: drops by reason, batches, fallbacks, gauges. */
  counters(): Record<string, number>
}

/** A keypair for the transport of data; times are nanoseconds of CLOCK_BOOTTIME. */
export interface Session {
  readonly role: 'initiator' | 'responder'
  readonly localIndex: number
  readonly remoteIndex: number
  readonly sendKey: Uint8Array
  readonly receiveKey: Uint8Array
  /** First nonce to send with; 0 unless given. For tests of the message limits. */
  readonly firstNonce?: bigint
  /** How many nanoseconds old the keys already are; 0 unless given. For tests of the age limits. */
  readonly ageNanoseconds?: bigint
}

/** Bits of {@link EngineEvent} `flags`. */
export const peerEvent = {
  /** No usable key, key older than 120 s (initiator, on sending) or 165 s (initiator, on receiving), or 2^60 messages. */
  needHandshake: 1,
  /** First data sent since the peer was last heard: `unansweredSince` was set. */
  awaitingReply: 2,
  /** First data received since we last sent anything: `unacknowledgedSince` was set. */
  owesKeepalive: 4,
  /** First authenticated transport message with `next`: the session is complete, keypairs were rotated. */
  sessionConfirmed: 8,
  /** The endpoint roamed. */
  endpointMoved: 16,
  /** The key was 165 s old on receiving (only together with needHandshake; at most once per session). */
  lastMinute: 32,
  /** Transport messages did not leave; raised at most once a second. */
  sendFailed: 64,
} as const

/** What the engine reports. `peer` events are coalesced per peer. */
export type EngineEvent =
  | {
      readonly kind: 'peer'
      readonly peer: number
      readonly flags: number
      /** Errno of the last transport message that did not leave since the last event; 0 when all left. */
      readonly sendErrno: number
      readonly dropped: readonly number[]
    }
  /** A message of type 1, 2 (length and mac1 checked, admitted) or 3 (length checked). `from` is an endpoint
   *  record whose source part says where it arrived; `arrived` is when, in nanoseconds of CLOCK_BOOTTIME. */
  | {
      readonly kind: 'handshake'
      readonly message: Buffer
      readonly from: Uint8Array
      readonly arrived: bigint
    }
  /** Something an operator should read once: a fallback was taken. */
  | { readonly kind: 'notice'; readonly text: string }
  /** The kernel refuses every packet with a virtio header; {@link PacketEngine.reattachTun} does without. Told once. */
  | { readonly kind: 'headerRefused' }
  /** The TUN is gone or unusable; the daemon ends. */
  | { readonly kind: 'fatal'; readonly errno: number; readonly text: string }

/** Times are nanoseconds of CLOCK_BOOTTIME, 0n when unset. */
export interface EnginePeerState {
  readonly rxBytes: bigint
  readonly txBytes: bigint
  /** First data sent since the peer was last heard. */
  readonly unansweredSince: bigint
  /** First data received since anything authenticated was last sent. */
  readonly unacknowledgedSince: bigint
  /** Last authenticated packet in either direction. */
  readonly lastTraversal: bigint
  readonly lastReceived: bigint
  /** Last packet with content that was sent; absent counts as lastTraversal. */
  readonly lastDataSent?: bigint
  readonly staged: number
}

/** How the engine is set up. */
export interface EngineOptions {
  /** A TUN descriptor from {@link openTun}; the engine owns it from now on. */
  readonly tun: {
    readonly fd: number
    readonly vnetHeader: boolean
    readonly familyWord?: boolean
    readonly udpSegmentation: boolean
  }
  readonly mtu: number
  /** Called on the JavaScript thread when takeEvents has something; coalesced, at most once a turn of the event loop. */
  readonly onWake: () => void
  /** UDP_SEGMENT on sending; on unless given. */
  readonly udpSegmentation?: boolean
  /** UDP_GRO on receiving; on unless given. */
  readonly udpCoalescing?: boolean
  /** SO_RCVBUF of both sockets; 4 MiB unless given. */
  readonly receiveBufferBytes?: number
  /** Merging of TCP and UDP packets into super-packets on writing to the TUN; on unless given. */
  readonly tunCoalescing?: boolean
  /** How many threads carry packets, 2 to 64; 2 unless given: one for each direction. More help with the cryptography. */
  readonly threads?: number
}

/** Bytes of an endpoint record. Host byte order: u8 family (4|6) at 0, u16 port at 2, u32 scope at 4, address at 8
 *  (16 bytes, IPv4 in the first 4), u8 source family (0: none) at 24, u32 source interface at 28, source address at 32. */
export const endpointRecordBytes = 48

/** Bytes of an allowed-IP record: u8 action (0 add, 1 remove) at 0, u8 family (4|6) at 1, u8 prefix length at 2,
 *  u32 peer (host byte order) at 4, address at 8 (16 bytes, IPv4 in the first 4). */
export const allowedIpRecordBytes = 24

/** Makes an engine. Raises an error with `code` when threads or descriptors cannot be had. */
export const createEngine = (options: EngineOptions): PacketEngine => loadAddon().createEngine(options)
