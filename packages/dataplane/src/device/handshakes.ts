// SPDX-License-Identifier: MIT
import { errnoText, systemErrnoName } from '@wgq/model/errno'
import { type Key, keyBytes } from '@wgq/model/key'
import { type PrivateKey, wipePrivateKey } from '@wgq/native/noise-primitives'
import { cookieUsableMs, initiationSpacingMs } from '../constants.ts'
import { dh, type KeyPair, makeKeyPair } from '../noise/dh.ts'
import {
  type Answer,
  createInitiation,
  createResponses,
  forgetTranscript,
  type Introduction,
  type MadeResponse,
  openTimestamp,
  type TransportKeys,
} from '../noise/handshake.ts'
import { addMacs, cookieKey, mac1Key, openCookie } from '../noise/macs.ts'
import { cookieReply, initiation, messageType, response } from '../noise/messages.ts'
import { tai64n, timestampStepNs } from '../noise/tai64n.ts'
import type { TimerEvent } from '../peer/timers.ts'
import type { DeviceDependencies } from './dependencies.ts'
import { hasSource } from './endpoint-record.ts'
import type { IndexTable } from './index-table.ts'
import { noPresharedKey, type Peer, peerName } from './peer.ts'
import { type OpenedAnswer, openAnswers, openInitiations, type ReceivedMessage } from './received-messages.ts'

/** A timestamp older than the last one by this much is no reordering. */
const clockBackSeconds = 60n
/** Minimum interval between hints about it. */
const hintEveryMs = 60_000

/** The own key pair of a device. */
export interface Identity extends KeyPair {
  /** The private key, clamped. */
  readonly privateText: Key
  readonly publicText: Key
}

/** The device that handshakes are for. */
interface HandshakeDevice {
  readonly dependencies: DeviceDependencies
  readonly indices: IndexTable<Peer>
  readonly identity: Identity | undefined
  readonly isUp: boolean
  peerByStatic(publicKey: Uint8Array): Peer | undefined
  feed(peer: Peer, event: TimerEvent): void
  clearHandshake(peer: Peer): void
  findSource(peer: Peer): boolean
  releaseIndices(indices: readonly number[]): void
}

/** An initiation that is answered at the end of the turn. */
interface Admitted extends Answer {
  readonly peer: Peer
  readonly from: Uint8Array
}

/** Numbers of refused and successful handshakes since the start. */
interface HandshakeCounters {
  handshakes_completed: number
  initiations_invalid: number
  initiations_replayed: number
  initiations_too_fast: number
  responses_invalid: number
  cookies_received: number
  cookies_invalid: number
}

/** Handshake messages of a device, both directions (spec protocol §3, §6.3). The engine has checked length and mac1. */
export class Handshakes {
  readonly counters: HandshakeCounters = {
    handshakes_completed: 0,
    initiations_invalid: 0,
    initiations_replayed: 0,
    initiations_too_fast: 0,
    responses_invalid: 0,
    cookies_received: 0,
    cookies_invalid: 0,
  }
  private readonly device: HandshakeDevice
  private lastHintMs = Number.NEGATIVE_INFINITY

  constructor(device: HandshakeDevice) {
    this.device = device
  }

  /** Computes in advance what every handshake with a peer needs, so that its first packet waits less. */
  prepare(peer: Peer): void {
    const { identity, dependencies } = this.device
    if (identity) staticSecret(identity, peer)
    const record = dependencies.fitSource && dependencies.engine.peerEndpoint(peer.handle)
    if (record) dependencies.fitSource?.(record, false)
  }

  /** Builds and sends an initiation; the timers decide when. */
  initiate(peer: Peer): void {
    const { dependencies, identity, indices } = this.device
    const staticStatic = identity && staticSecret(identity, peer)
    const remoteStatic = keyBytes(peer.publicKey)
    // The index is allocated after the cryptography succeeded (§3.6), so the message gets it at the end.
    const made =
      identity &&
      staticStatic &&
      createInitiation({
        localStatic: identity.publicKey,
        remoteStatic,
        staticStatic,
        ephemeral: (dependencies.keyLog?.makeKeyPair ?? makeKeyPair)(),
        localIndex: 0,
        timestamp: tai64n(this.stampNs(peer)),
      })
    if (!made) {
      this.device.feed(peer, 'initiationNotMade')
      return
    }
    this.device.clearHandshake(peer)
    const localIndex = indices.allocate(peer, 'handshake')
    made.message.writeUInt32LE(localIndex, initiation.sender)
    peer.initiation = { ...made.state, localIndex }
    this.logKeys(peer, made.state.ephemeral.privateKey)
    dependencies.log.debug(() =>
      peer.timers.attempts === 0
        ? `${peerName(peer.publicKey)} - Sending handshake initiation`
        : `${peerName(peer.publicKey)} - Handshake did not complete after 5 seconds, retrying (try ${peer.timers.attempts + 1})`,
    )
    this.send(peer, made.message, remoteStatic)
  }

  /**
   * Handles the messages of type 1, 2 and 3 that arrived since the last turn, in their order. Their cryptography is done for
   * all of them at once, on several threads.
   */
  receive(messages: readonly ReceivedMessage[]): void {
    const { isUp, identity } = this.device
    if (!isUp || !identity) return
    const introductions = this.safely(() => openInitiations(messages, identity))
    const responses = this.safely(() => openAnswers(messages, identity, this.device.indices))
    const admitted: Admitted[] = []
    for (const received of messages) {
      if (received.message[0] === messageType.initiation) {
        const introduction = introductions?.get(received)
        this.safely(() => this.receiveInitiation(received, introduction, identity, admitted))
        continue
      }
      this.respond(admitted.splice(0))
      if (received.message[0] === messageType.cookieReply)
        this.safely(() => this.receiveCookie(received.message))
      else this.safely(() => this.receiveResponse(received, responses?.get(received)))
    }
    this.respond(admitted)
  }

  /** Completes the handshake when the first message of a session that we derived as responder arrives. */
  confirmed(peer: Peer): void {
    const { dependencies } = this.device
    this.complete(peer)
    // An initiation that was kept beside the peer's is not needed any more.
    this.device.clearHandshake(peer)
    this.device.feed(peer, 'confirmed')
    dependencies.engine.flushStaged(peer.handle)
    dependencies.log.debug(() => `${peerName(peer.publicKey)} - Handshake complete (responder)`)
  }

  // --- internal ---

  /**
   * The time for an initiation: the clock, or if that went back the smallest step after the last one. A peer refuses
   * older timestamps until the clock has caught up (spec protocol §5).
   */
  private stampNs(peer: Peer): bigint {
    const now = this.device.dependencies.wallNs()
    const next = peer.lastSentNs + timestampStepNs
    peer.lastSentNs = peer.lastSentNs === 0n || now > next ? now : next
    return peer.lastSentNs
  }

  private receiveInitiation(
    { message, from, arrivedMs }: ReceivedMessage,
    introduction: Introduction | undefined,
    identity: Identity,
    admitted: Admitted[],
  ): void {
    const { device } = this
    const peer = introduction && device.peerByStatic(introduction.remoteStatic)
    const secret = peer && staticSecret(identity, peer)
    const state = secret && openTimestamp(message, introduction, secret)
    if (!state) {
      if (introduction) forgetTranscript(introduction)
      this.counters.initiations_invalid++
      device.dependencies.log.debug(() => 'Invalid handshake initiation received')
      return
    }
    if (!this.admits(peer, state.timestamp, arrivedMs)) {
      forgetTranscript(state)
      return
    }
    const { remoteStatic } = introduction
    // One handshake slot: the peer's initiation replaces ours (§3.5). If both sides did so with initiations that crossed,
    // both answers would be in vain, so the side with the greater public key keeps its own initiation too.
    if (Buffer.compare(identity.publicKey, remoteStatic) < 0) device.clearHandshake(peer)
    device.dependencies.engine.learnEndpoint(peer.handle, from, initiation.length)
    const ephemeral = device.dependencies.keyLog?.makeKeyPair()
    const presharedKey = peer.presharedKey ?? noPresharedKey
    admitted.push({ peer, from, state, remoteStatic, presharedKey, ephemeral })
  }

  /** Whether a genuine initiation is neither a replay nor part of a flood (§3.2 steps 7 and 8); remembers it if so. */
  private admits(peer: Peer, stamp: Buffer, arrivedMs: number): boolean {
    const { log } = this.device.dependencies
    const timestamp = stamp.toString('latin1')
    if (timestamp <= peer.lastTimestamp) {
      this.counters.initiations_replayed++
      log.debug(() => `${peerName(peer.publicKey)} - Handshake initiation was seen before`)
      this.hintAtClock(peer, timestamp, arrivedMs)
      return false
    }
    if (arrivedMs - peer.lastInitiationMs < initiationSpacingMs) {
      this.counters.initiations_too_fast++
      log.debug(() => `${peerName(peer.publicKey)} - Handshake initiations come too fast`)
      return false
    }
    peer.lastTimestamp = timestamp
    peer.lastInitiationMs = arrivedMs
    log.debug(() => `${peerName(peer.publicKey)} - Received handshake initiation`)
    return true
  }

  /** Logs that a peer whose clock went back is refused until it has caught up (spec protocol §5). */
  private hintAtClock(peer: Peer, timestamp: string, now: number): void {
    const seconds = (text: string) => Buffer.from(text, 'latin1').readBigUInt64BE(0)
    const behind = seconds(peer.lastTimestamp) - seconds(timestamp)
    if (behind < clockBackSeconds || now - this.lastHintMs < hintEveryMs) return
    this.lastHintMs = now
    this.device.dependencies.log.notice(
      `${peerName(peer.publicKey)} - Handshake refused: its timestamp is ${behind} s older than the last one. If it is not a replay, the peer's clock went back; removing and adding the peer helps`,
    )
  }

  private respond(admitted: readonly Admitted[]): void {
    const responses = this.safely(() => createResponses(admitted))
    for (const [i, initiation] of admitted.entries())
      this.safely(() => this.sendResponse(initiation, responses?.[i]))
  }

  private sendResponse(
    { peer, from, state, remoteStatic, ephemeral }: Admitted,
    made: MadeResponse | undefined,
  ): void {
    const { device } = this
    if (ephemeral) {
      if (made) this.logKeys(peer, ephemeral.privateKey)
      wipePrivateKey(ephemeral.privateKey)
    }
    forgetTranscript(state)
    if (!made) return
    const localIndex = device.indices.allocate(peer, 'keypair')
    made.message.writeUInt32LE(localIndex, response.sender)
    this.begin(peer, 'responder', localIndex, state.remoteIndex, made.keys)
    device.feed(peer, 'answered')
    device.dependencies.log.debug(() => `${peerName(peer.publicKey)} - Sending handshake response`)
    this.send(peer, made.message, remoteStatic, hasSource(from))
  }

  /** A message that triggers a bug must not end the tunnels of all other peers. Undefined: it did. */
  private safely<Result>(handle: () => Result): Result | undefined {
    try {
      return handle()
    } catch (error) {
      this.device.dependencies.log.error(
        `internal error on a handshake message: ${(error as Error).message}, please report`,
      )
      return undefined
    }
  }

  private logKeys(peer: Peer, ephemeral: PrivateKey): void {
    const { dependencies, identity } = this.device
    if (identity)
      dependencies.keyLog?.note({
        localStatic: identity.privateText,
        remoteStatic: peer.publicKey,
        ephemeral,
        presharedKey: peer.presharedKey,
      })
  }

  private receiveResponse({ from }: ReceivedMessage, answer: OpenedAnswer | undefined): void {
    const { device } = this
    if (!answer) return
    const { peer, state, opened } = answer
    if (!opened) {
      this.counters.responses_invalid++
      device.dependencies.log.debug(() => `${peerName(peer.publicKey)} - Invalid handshake response received`)
      return
    }
    // Another message of this turn may have ended the initiation.
    if (peer.initiation !== state) {
      forgetKeys(opened.keys)
      return
    }
    const { localIndex } = state
    forgetTranscript(state)
    peer.initiation = undefined
    device.indices.promote(localIndex)
    device.dependencies.engine.learnEndpoint(peer.handle, from, response.length)
    this.begin(peer, 'initiator', localIndex, opened.remoteIndex, opened.keys)
    this.complete(peer)
    device.feed(peer, 'completed')
    device.dependencies.log.debug(() => `${peerName(peer.publicKey)} - Handshake complete (initiator)`)
    // Sends the staged packets now, or an empty packet if there are none, which the responder needs (§3.4 step 5).
    device.dependencies.engine.sendKeepalive(peer.handle)
  }

  private complete(peer: Peer): void {
    this.counters.handshakes_completed++
    peer.lastHandshakeNs = this.device.dependencies.wallNs()
    peer.givenUp = 0
  }

  private begin(
    peer: Peer,
    role: 'initiator' | 'responder',
    localIndex: number,
    remoteIndex: number,
    keys: TransportKeys,
  ): void {
    const sendKey = role === 'initiator' ? keys.fromInitiator : keys.fromResponder
    const receiveKey = role === 'initiator' ? keys.fromResponder : keys.fromInitiator
    const dropped = this.device.dependencies.engine.beginSession(peer.handle, {
      role,
      localIndex,
      remoteIndex,
      sendKey,
      receiveKey,
    })
    forgetKeys(keys)
    peer.hasSessions = true
    this.device.releaseIndices(dropped)
  }

  private receiveCookie(message: Buffer): void {
    const { device } = this
    const peer = device.indices.either(message.readUInt32LE(cookieReply.receiver))
    if (!peer?.sentMac1) return
    const value = openCookie(message, cookieKey(keyBytes(peer.publicKey)), peer.sentMac1)
    if (!value) {
      this.counters.cookies_invalid++
      device.dependencies.log.debug(() => `${peerName(peer.publicKey)} - Invalid cookie reply received`)
      return
    }
    this.counters.cookies_received++
    // Nothing is sent now: the next retransmission carries mac2 (§6.3).
    peer.cookie = { value, bornMs: device.dependencies.bootMs() }
    peer.sentMac1 = undefined
    device.dependencies.log.debug(() => `${peerName(peer.publicKey)} - Received cookie`)
  }

  /** `fromLearned`: the endpoint has the source that the peer's message just arrived at. */
  private send(peer: Peer, message: Buffer, remoteStatic: Buffer, fromLearned = false): void {
    const { dependencies } = this.device
    const { cookie } = peer
    const fresh = cookie && dependencies.bootMs() - cookie.bornMs < cookieUsableMs ? cookie.value : undefined
    peer.sentMac1 = addMacs(message, mac1Key(remoteStatic), fresh)
    if (!fromLearned && !this.device.findSource(peer)) {
      dependencies.log.debug(
        () => `${peerName(peer.publicKey)} - Handshake message not sent: no address but the tunnel's own`,
      )
      return
    }
    const errno = dependencies.engine.sendHandshake(peer.handle, message)
    if (errno !== 0)
      dependencies.log.debug(
        () => `${peerName(peer.publicKey)} - Handshake message not sent: ${errnoReason(errno)}`,
      )
  }
}

const forgetKeys = (keys: TransportKeys): void => {
  keys.fromInitiator.fill(0)
  keys.fromResponder.fill(0)
}

/** DH of the static keys, computed once per peer and own key. Undefined for a low-order public key (§3.1). */
const staticSecret = (identity: Identity, peer: Peer): Buffer | undefined => {
  if (peer.staticStatic === 'unknown') peer.staticStatic = dh(identity.privateKey, keyBytes(peer.publicKey))
  return peer.staticStatic
}

/** Text for an error number of this system. Numbers differ between systems, names do not. */
export const errnoReason = (errno: number): string => {
  const name = systemErrnoName(errno)
  return name === 'EDESTADDRREQ' ? 'no known endpoint for peer' : errnoText(name)
}
