// SPDX-License-Identifier: MIT
import { loadAddon } from './addon.ts'

/**
 * The packet engine: two run-to-completion threads (tun→udp, udp→tun) that own keypairs, replay windows, counters, the
 * allowed-IPs table and staged packets; and the handshakes, on the thread that takes the events. JavaScript decides when
 * a handshake begins, and about peers and timers; packets never reach it (design decision 8).
 * The in-memory twin, for tests of the JavaScript side, is in the dataplane package.
 */
export interface PacketEngine {
  /** Opens the UDP sockets for both families on `port` (0: any) and swaps them in; on failure the old ones keep
   *  working. Returns the bound port. Forgets learned sources. Raises an error with `code` (EADDRINUSE …). */
  bind(port: number): number
  /** Closes the UDP sockets. */
  unbind(): void
  /** Sets SO_MARK on current and future sockets; forgets learned sources. Setting 0 where 0 is set never fails. */
  setFwmark(mark: number): void
  /** Runs the threads (interface up). Sockets must be bound. */
  start(): void
  /** Parks the threads (interface down), drops staged packets and ends our outstanding initiations. */
  stop(): void
  /** Joins the threads, closes TUN and sockets, zeroes keys. The engine is unusable afterwards. */
  close(): void
  /** Attaches the TUN again without the virtio header, for a kernel that rejects packets with one. The device keeps its
   *  name, index, addresses, routes, MTU and state; packets queued in it are lost, staged ones are not. Returns why
   *  that is impossible, or undefined on success. Raises an error with `code` if the device was lost: then it is
   *  deleted and the engine is unusable. */
  reattachTun(): string | undefined
  /** MTU of the TUN, which bounds padding. */
  setMtu(mtu: number): void
  /** MTUs of routes through the TUN, ascending, u32 in host byte order: padding takes no packet beyond any of
   *  them. Only the first eight are used. */
  setRouteMtus(ascending: Uint8Array): void

  /** Sets our private key, 32 bytes (OpenSSL clamps), and returns the public one; or none: then the engine drops
   *  handshake messages. Ends our outstanding initiations. */
  setIdentity(privateKey: Uint8Array | undefined): Buffer | undefined
  /** Sets whether initiations and answers tell our private ephemeral keys, for a key log. */
  revealEphemerals(revealed: boolean): void

  /** Creates a peer and returns its handle, never 0, which is valid until removePeer. Raises an error for a public key
   *  (32 bytes) that a peer has. */
  addPeer(publicKey: Uint8Array): number
  /** Removes a peer: unlinks it everywhere, drops its queues, zeroes its keys. No event of this handle follows. */
  removePeer(peer: number): void
  /** Sets the preshared key (32 bytes) of future handshakes, or none. */
  setPresharedKey(peer: number, key: Uint8Array | undefined): void
  /** Sets the endpoint (an {@link endpointRecordBytes} record, with the source to send from if it has one) or unsets
   *  it; forgets a learned source. */
  setEndpoint(peer: number, record: Uint8Array | undefined): void
  /** Forgets the learned local source of one peer. */
  clearSource(peer: number): void

  /**
   * Applies a batch of allowed-IP changes at once: records of {@link allowedIpRecordBytes} bytes. The caller manages
   * ownership (stealing): it sends the removal or just the new owner; the last record of a prefix wins.
   */
  updateAllowedIps(records: Uint8Array): void

  /** Drops all keypairs of a peer and zeroes them. */
  clearSessions(peer: number): void
  /** For a changed own private key: current and next no longer send, but still receive. */
  expireSending(peer: number): void

  /** Computes in advance what every handshake with a peer needs, so that its first packet waits less. */
  prepareHandshake(peer: number): void
  /**
   * Makes an initiation with a TAI64N timestamp of 12 bytes, which takes the place of an older one, and sends it (TOS
   * 0x88) to the peer's endpoint, sticky source included. `errno` is 0 or why it did not leave; that of EDESTADDRREQ
   * without an endpoint. Undefined if there is none to make: no private key, or the peer's public key is of low order.
   * Raises an error if OpenSSL refuses.
   */
  initiate(peer: number, timestamp: Uint8Array): SentInitiation | undefined
  /** Whether an initiation to the peer is outstanding. */
  isInitiating(peer: number): boolean
  /** Forgets our outstanding initiation: a response to it is no longer accepted. */
  forgetInitiation(peer: number): void
  /** Stages an empty packet if none is staged, then sends the staged packets; without a key requests a handshake. */
  sendKeepalive(peer: number): void
  /** Sends the staged packets if a key is usable, else requests a handshake. */
  flushStaged(peer: number): void
  /** Drops and counts the staged packets; returns their number. */
  dropStaged(peer: number): number

  /**
   * Takes all events since the last call; `onWake` announces the first one. Handshake messages that arrived are handled
   * in this call: sessions begin, and responses leave. They are limited to `mostHandshakes` (default 64); the rest stays
   * queued and onWake is called again. Each has one event, but while stopped or without a private key they are dropped.
   * Events of peers come first, and are older than those of handshakes.
   */
  takeEvents(mostHandshakes?: number): EngineEvent[]
  /** Reports how long a full batch of handshakes took: a slow one counts as load (protocol §6.4). */
  reportDrain(milliseconds: number): void

  /** Counters and timer facts of one peer. */
  peerState(peer: number): EnginePeerState
  /** The endpoint as an {@link endpointRecordBytes} record; undefined when unknown. */
  peerEndpoint(peer: number): Uint8Array | undefined
  /** Device-wide counters by name: drops by reason, batches, fallbacks, gauges. */
  counters(): Record<string, number>
}

/** An initiation that was made. */
export interface SentInitiation {
  readonly errno: number
  /** Its private ephemeral key, if they are revealed. */
  readonly ephemeral?: Buffer
}

/** Bits of {@link EngineEvent} `flags`. */
export const peerEvent = {
  /** No usable key, key older than 120 s (initiator, on sending) or 165 s (initiator, on receiving), or 2^60 messages. */
  needHandshake: 1,
  /** First data sent since a packet from the peer last arrived: `unansweredSince` was set. */
  awaitingReply: 2,
  /** First data received since we last sent a packet: `unacknowledgedSince` was set. */
  owesKeepalive: 4,
  /** First authenticated transport message with `next`: the session is complete, keypairs were rotated, an initiation
   *  of ours was forgotten. */
  sessionConfirmed: 8,
  /** The endpoint roamed. */
  endpointMoved: 16,
  /** A packet arrived when the key was 165 s old (only together with needHandshake; at most once per session). */
  lastMinute: 32,
  /** Sending transport messages failed; raised at most once a second. */
  sendFailed: 64,
} as const

/** An event of the engine. `peer` events are coalesced per peer. */
export type EngineEvent =
  | {
      readonly kind: 'peer'
      readonly peer: number
      readonly flags: number
      /** Errno of the last transport message that could not be sent since the last event; 0 if all were sent. */
      readonly sendErrno: number
    }
  | HandshakeEvent
  /** A message for the operator, reported once: a fallback was taken. */
  | { readonly kind: 'notice'; readonly text: string }
  /** The kernel rejects every packet with a virtio header; {@link PacketEngine.reattachTun} drops it. Sent once. */
  | { readonly kind: 'headerRefused' }
  /** The TUN is gone or unusable; the daemon ends. */
  | { readonly kind: 'fatal'; readonly errno: number; readonly text: string }

/** What became of a handshake message that arrived. `peer` is 0 where the sender is unknown. */
export type HandshakeEvent = { readonly kind: 'handshake'; readonly peer: number } & (
  | {
      /** We answered an initiation: a session began as responder. */
      readonly outcome: 'answered'
      /** 0, or why the response did not leave. */
      readonly errno: number
      /** The peer's clock, seconds since 1970. */
      readonly unixSeconds: number
      /** Our private ephemeral key, if they are revealed. */
      readonly ephemeral?: Buffer
    }
  | {
      /** The timestamp is not newer than one before. */
      readonly outcome: 'replayed'
      readonly secondsBehind: number
    }
  | {
      readonly outcome:
        | 'invalidInitiation'
        /** Less than 20 ms after the one before. */
        | 'tooFast'
        /** Our initiation was answered: a session began as initiator, and staged packets or a keepalive left. */
        | 'completed'
        | 'invalidResponse'
        | 'cookieReceived'
        | 'invalidCookie'
        /** For nobody, or answered already. */
        | 'ignored'
    }
  /** Something inside failed, for this message alone. */
  | { readonly outcome: 'failed'; readonly reason: string }
)

/** Times are nanoseconds of CLOCK_BOOTTIME, 0n when unset. */
export interface EnginePeerState {
  readonly rxBytes: bigint
  readonly txBytes: bigint
  /** First data sent since a packet from the peer last arrived. */
  readonly unansweredSince: bigint
  /** First data received since an authenticated packet was last sent. */
  readonly unacknowledgedSince: bigint
  /** Last authenticated packet in either direction. */
  readonly lastTraversal: bigint
  readonly lastReceived: bigint
  /** Last non-empty packet sent; absent counts as lastTraversal. */
  readonly lastDataSent?: bigint
  readonly staged: number
}

/** Options of {@link createEngine}. */
export interface EngineOptions {
  /** A TUN descriptor from {@link openTun}; the engine owns it from now on. */
  readonly tun: {
    readonly fd: number
    readonly vnetHeader: boolean
    readonly familyWord?: boolean
    readonly udpSegmentation: boolean
  }
  readonly mtu: number
  /** Called on the JavaScript thread when takeEvents has events; coalesced, at most once per turn of the event loop. */
  readonly onWake: () => void
  /** Use UDP_SEGMENT on sending; default on. */
  readonly udpSegmentation?: boolean
  /** Use UDP_GRO on receiving; default on. */
  readonly udpCoalescing?: boolean
  /** SO_RCVBUF of both sockets; default 4 MiB. */
  readonly receiveBufferBytes?: number
  /** Merge TCP and UDP packets into super-packets on writing to the TUN; default on. */
  readonly tunCoalescing?: boolean
  /** Number of packet threads, 2 to 64; default 2, one for each direction. More threads help with the cryptography. */
  readonly threads?: number
}

/** Bytes of an endpoint record. Host byte order: u8 family (4|6) at 0, u16 port at 2, u32 scope at 4, address at 8
 *  (16 bytes, IPv4 in the first 4), u8 source family (0: none) at 24, u32 source interface at 28, source address at 32. */
export const endpointRecordBytes = 48

/** Bytes of an allowed-IP record: u8 action (0 add, 1 remove) at 0, u8 family (4|6) at 1, u8 prefix length at 2,
 *  u32 peer (host byte order) at 4, address at 8 (16 bytes, IPv4 in the first 4). */
export const allowedIpRecordBytes = 24

/** Creates an engine. Raises an error with `code` if threads or descriptors cannot be created. */
export const createEngine = (options: EngineOptions): PacketEngine => loadAddon().createEngine(options)

/** Runs a handshake in memory: the first one of a process takes longer. Returns whether both sides came to the same keys;
 *  false too if OpenSSL refuses. */
export const warmUpHandshakes = (): boolean => loadAddon().warmUpHandshakes()
