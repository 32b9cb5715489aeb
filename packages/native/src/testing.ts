// SPDX-License-Identifier: MIT
import { join } from 'node:path'
import { loadAddon } from './addon.ts'
import type { HandshakeEvent, PacketEngine } from './engine.ts'

// Parts of the engine as separate functions. Only tests import this file: the shipped addon lacks them. The whole
// process uses the addon for tests, because an engine belongs to the addon that created it.
process.env['WGQ_ADDON'] ??= join(import.meta.dirname, '../build/wgq-testing.node')

/** The addon with these functions, for processes that a test starts. */
export const testingAddon = process.env['WGQ_ADDON']

const testing = () => loadAddon().testing

/** Whether the addon supports super-packets: not if it was built as for the BSDs. */
export const hasOffloads = (): boolean => testing().offloads

/** Length of a packet of `length` bytes after padding under an MTU. */
export const paddedLength = (length: number, mtu: number): number => testing().paddedLength(length, mtu)

/** The receive counters of one keypair. */
interface ReplayWindow {
  accept(counter: bigint): boolean
}
export const createReplayWindow = (): ReplayWindow => testing().createReplayWindow()

/** Token buckets; sources are endpoint records, times nanoseconds. */
interface RateLimiter {
  allow(from: Uint8Array, now: bigint): boolean
  size(): number
}
export const createRateLimiter = (capacity?: number): RateLimiter => testing().createRateLimiter(capacity)

/** Whether a handshake message is admitted. */
export type Verdict = 'admit' | 'malformed' | 'badMac1' | 'answerCookie' | 'rateLimited'

/** The admission of handshakes, with a clock set by the test. */
export interface HandshakeAdmission {
  judge(message: Uint8Array, from: Uint8Array, waiting: number, now: bigint): Verdict
  setSecret(secret: Uint8Array, now: bigint): void
  reply(message: Uint8Array, from: Uint8Array, now: bigint, nonce: Uint8Array): Uint8Array
  reportDrain(milliseconds: number, now: bigint): void
}
export const createHandshakeAdmission = (mac1Key: Uint8Array, cookieKey: Uint8Array): HandshakeAdmission =>
  testing().createHandshakeAdmission(mac1Key, cookieKey)

/** Sets whether OpenSSL refuses random bytes in the whole process. */
export const refuseRandom = (refused: boolean): void => testing().refuseRandom(refused)

/** Sets the step of an encryption with EVP that OpenSSL refuses in the whole process; undefined: none. */
export const refuseCipher = (step?: 'init' | 'update' | 'final' | 'tag'): void => testing().refuseCipher(step)

/** The table of allowed IPs; peers are created when a record names them. */
interface AllowedIpsTable {
  update(records: Uint8Array): void
  removePeer(peer: number): void
  /** Returns the owners (u32, host byte order, 0 none) of adjacent addresses of `size` bytes each. */
  lookup(size: 4 | 16, addresses: Uint8Array): Uint8Array
}
export const createAllowedIpsTable = (): AllowedIpsTable => testing().createAllowedIps()

/** Cuts a super-packet; undefined when header and packet contradict each other. */
export const segment = (header: Uint8Array, packet: Uint8Array): Uint8Array[] | undefined =>
  testing().segment(header, packet)

/** The packet after decapsulation from one with the congestion mark (ECN CE). The IP header must be complete. */
export const markCongestion = (packet: Uint8Array): Uint8Array => testing().markCongestion(packet)

/** Finishes the checksum of a packet; undefined when the header does not fit. */
export const completeChecksum = (header: Uint8Array, packet: Uint8Array): Uint8Array | undefined =>
  testing().completeChecksum(header, packet)

/** Returns what would be written to the TUN for these packets. */
export const coalesce = (
  packets: readonly Uint8Array[],
  merges: { readonly tcp: boolean; readonly udp: boolean },
): { header: Uint8Array; bytes: Uint8Array }[] => testing().coalesce(packets, merges.tcp, merges.udp)

/** The ICMP answer to a packet without a peer; undefined if none may be sent. */
export const unreachable = (packet: Uint8Array): Uint8Array | undefined => testing().unreachable(packet)

/** ChaCha20-Poly1305 as the engine does it. */
export type AeadBackend = 'best' | 'evp'
export const seal = (backend: AeadBackend, key: Uint8Array, nonce: bigint, text: Uint8Array): Uint8Array =>
  testing().seal(backend, key, nonce, text)
export const open = (
  backend: AeadBackend,
  key: Uint8Array,
  nonce: bigint,
  text: Uint8Array,
): Uint8Array | undefined => testing().open(backend, key, nonce, text)

/** Whether `bytes` remain on the stack after {@link seal} or {@link open} of `text`. */
export const leavesOnStack = (
  backend: AeadBackend,
  operation: 'seal' | 'open',
  { key, nonce, text }: { readonly key: Uint8Array; readonly nonce: bigint; readonly text: Uint8Array },
  bytes: Uint8Array,
): boolean => testing().leavesOnStack(backend, operation, key, nonce, text, bytes)

/** Whether `bytes`, which may be a result of `act`, remain on the stack after it. */
export const callLeavesOnStack = (act: () => void, bytes: Uint8Array): boolean =>
  testing().callLeavesOnStack(act, bytes)

/** Runs a datagram through the receiving path of an engine that is not started. `segmentBytes` 0: not coalesced. */
export const injectDatagram = (
  engine: PacketEngine,
  bytes: Uint8Array,
  from: Uint8Array,
  options: { readonly segmentBytes?: number; readonly tos?: number } = {},
): void => testing().injectDatagram(engine, bytes, options.segmentBytes ?? 0, options.tos ?? 0, from)

/** Runs a packet through the sending path of an engine that is not started. */
export const injectPacket = (engine: PacketEngine, header: Uint8Array, bytes: Uint8Array): void =>
  testing().injectPacket(engine, header, bytes)

/** A transport keypair; times are nanoseconds of CLOCK_BOOTTIME. */
export interface Session {
  readonly role: 'initiator' | 'responder'
  readonly localIndex: number
  readonly remoteIndex: number
  readonly sendKey: Uint8Array
  readonly receiveKey: Uint8Array
  /** First nonce to send with; default 0. For tests of the message limits. */
  readonly firstNonce?: bigint
  /** Age of the keys in nanoseconds; default 0. For tests of the age limits. */
  readonly ageNanoseconds?: bigint
}

/** Installs a keypair without a handshake and rotates previous/current/next (protocol §4.2). Returns the local indices that
 *  the rotation dropped. */
export const beginSession = (engine: PacketEngine, peer: number, session: Session): number[] =>
  testing().beginSession(engine, peer, session)

/** Drops all sessions of a peer; returns their local indices. */
export const dropSessions = (engine: PacketEngine, peer: number): number[] =>
  testing().dropSessions(engine, peer)

/** What {@link HandshakeTable} tells of a message, with everything that its session needs. */
export type Outcome = Omit<HandshakeEvent, 'kind'> & {
  readonly outcome: HandshakeEvent['outcome']
  readonly from: Uint8Array
  readonly localIndex: number
  readonly remoteIndex: number
  /** What the initiator sends with, then what the responder sends with, 32 bytes each. */
  readonly keys: Buffer
  readonly response: Buffer
  readonly unixSeconds: number
  readonly secondsBehind: number
  readonly reason: string
  readonly ephemeral?: Buffer
}

/** The handshakes of a device without an engine. Peers have numbers of the caller; `now` is nanoseconds of the boot clock. */
export interface HandshakeTable {
  setIdentity(privateKey: Uint8Array | undefined): Buffer | undefined
  /** HASH("mac1----" ‖ own public key) and HASH("cookie--" ‖ own public key), 32 bytes each. */
  admissionKeys(): { readonly mac1Key: Buffer; readonly cookieKey: Buffer } | undefined
  revealEphemerals(revealed: boolean): void
  addPeer(peer: number, publicKey: Uint8Array): void
  removePeer(peer: number): void
  setPresharedKey(peer: number, key: Uint8Array | undefined): void
  prepare(peer: number): void
  initiate(
    peer: number,
    timestamp: Uint8Array,
    now: bigint,
  ): { readonly message: Buffer; readonly ephemeral?: Buffer } | undefined
  isInitiating(peer: number): boolean
  forgetInitiation(peer: number): void
  receive(
    messages: readonly {
      readonly message: Uint8Array
      readonly from: Uint8Array
      readonly arrived: bigint
    }[],
    now: bigint,
  ): Outcome[]
  release(localIndex: number): void
  indices(): number
}
export const createHandshakeTable = (): HandshakeTable => testing().createHandshakes()
