// SPDX-License-Identifier: MIT
import { errnoText, systemErrnoName } from '@wgq/model/errno'
import type { HandshakeEvent, SentInitiation } from '@wgq/native/engine'
import type { TimerEvent } from '../peer/timers.ts'
import type { DeviceDependencies } from './dependencies.ts'
import type { Identity } from './identity.ts'
import { type Peer, peerName } from './peer.ts'
import { tai64n, timestampStepNs } from './tai64n.ts'

/** A timestamp older than the last one by this much is no reordering. */
const clockBackSeconds = 60
/** Minimum interval between hints about it. */
const hintEveryMs = 60_000

/** The device that handshakes are for. */
interface HandshakeDevice {
  readonly dependencies: DeviceDependencies
  readonly identity: Identity | undefined
  feed(peer: Peer, event: TimerEvent): void
  findSource(peer: Peer): boolean
  peerByHandle(handle: number): Peer | undefined
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

/**
 * When handshakes of a device begin, and what their ends mean for timers, counters and log. The engine makes the messages
 * and answers those of peers.
 */
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
    const { dependencies } = this.device
    dependencies.engine.prepareHandshake(peer.handle)
    const record = dependencies.fitSource && dependencies.engine.peerEndpoint(peer.handle)
    if (record) dependencies.fitSource?.(record, false)
  }

  /** Sends an initiation; the timers decide when. */
  initiate(peer: Peer): void {
    const { log } = this.device.dependencies
    if (!this.device.identity) {
      this.device.feed(peer, 'initiationNotMade')
      return
    }
    if (!this.device.findSource(peer)) {
      this.note(peer, "Handshake message not sent: no address but the tunnel's own")
      return
    }
    const sent = this.send(peer)
    if (sent === 'failed') return
    if (!sent) {
      this.device.feed(peer, 'initiationNotMade')
      return
    }
    this.logKeys(peer, sent.ephemeral)
    const { attempts } = peer.timers
    log.debug(() =>
      attempts === 0
        ? `${peerName(peer.publicKey)} - Sending handshake initiation`
        : `${peerName(peer.publicKey)} - Handshake did not complete after 5 seconds, retrying (try ${attempts + 1})`,
    )
    this.noteUnsent(peer, sent.errno)
  }

  /** Handles what became of a message that arrived. */
  arrived(event: HandshakeEvent): void {
    const { counters } = this
    const peer = this.device.peerByHandle(event.peer)
    if (event.outcome === 'failed') this.failed(event.reason)
    if (event.outcome === 'invalidInitiation') {
      counters.initiations_invalid++
      this.device.dependencies.log.debug(() => 'Invalid handshake initiation received')
    }
    if (!peer) return
    switch (event.outcome) {
      case 'answered':
        peer.hasSessions = true
        peer.clockSeconds = event.unixSeconds
        this.logKeys(peer, event.ephemeral)
        this.note(peer, 'Received handshake initiation')
        this.device.feed(peer, 'answered')
        this.note(peer, 'Sending handshake response')
        this.noteUnsent(peer, event.errno)
        return
      case 'completed':
        peer.hasSessions = true
        this.complete(peer)
        this.device.feed(peer, 'completed')
        this.note(peer, 'Handshake complete (initiator)')
        return
      case 'replayed':
        counters.initiations_replayed++
        this.note(peer, 'Handshake initiation was seen before')
        this.hintAtClock(peer, event.secondsBehind)
        return
      case 'tooFast':
        counters.initiations_too_fast++
        this.note(peer, 'Handshake initiations come too fast')
        return
      case 'invalidResponse':
        counters.responses_invalid++
        this.note(peer, 'Invalid handshake response received')
        return
      case 'cookieReceived':
        counters.cookies_received++
        this.note(peer, 'Received cookie')
        return
      case 'invalidCookie':
        counters.cookies_invalid++
        this.note(peer, 'Invalid cookie reply received')
        return
    }
  }

  /** Completes the handshake when the first message of a session that we derived as responder arrives. */
  confirmed(peer: Peer): void {
    this.complete(peer)
    // Kept where the session may not send: then the response is still needed.
    if (!this.device.dependencies.engine.isInitiating(peer.handle)) this.device.feed(peer, 'confirmed')
    this.note(peer, 'Handshake complete (responder)')
  }

  // --- internal ---

  /** Undefined: there is no initiation to make. */
  private send(peer: Peer): SentInitiation | undefined | 'failed' {
    try {
      return this.device.dependencies.engine.initiate(peer.handle, tai64n(this.stampNs(peer)))
    } catch (error) {
      // One peer must not end the tunnels of all others; the timers try again.
      this.failed((error as Error).message)
      return 'failed'
    }
  }

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

  private complete(peer: Peer): void {
    this.counters.handshakes_completed++
    peer.lastHandshakeNs = this.device.dependencies.wallNs()
    peer.givenUp = 0
  }

  /** Logs that a peer whose clock went back is refused until it has caught up (spec protocol §5). */
  private hintAtClock(peer: Peer, behind: number): void {
    const now = this.device.dependencies.bootMs()
    if (behind < clockBackSeconds || now - this.lastHintMs < hintEveryMs) return
    this.lastHintMs = now
    this.device.dependencies.log.notice(
      `${peerName(peer.publicKey)} - Handshake refused: its timestamp is ${behind} s older than the last one. If it is not a replay, the peer's clock went back; removing and adding the peer helps`,
    )
  }

  private logKeys(peer: Peer, ephemeral: Buffer | undefined): void {
    const { dependencies, identity } = this.device
    if (!identity || !ephemeral) return
    dependencies.keyLog?.note({
      localStatic: identity.privateText,
      remoteStatic: peer.publicKey,
      ephemeral,
      presharedKey: peer.presharedKey,
    })
    ephemeral.fill(0)
  }

  private failed(reason: string): void {
    this.device.dependencies.log.error(`internal error on a handshake message: ${reason}, please report`)
  }

  private note(peer: Peer, what: string): void {
    this.device.dependencies.log.debug(() => `${peerName(peer.publicKey)} - ${what}`)
  }

  private noteUnsent(peer: Peer, errno: number): void {
    if (errno !== 0) this.note(peer, `Handshake message not sent: ${errnoReason(errno)}`)
  }
}

/** Text for an error number of this system. Numbers differ between systems, names do not. */
export const errnoReason = (errno: number): string => {
  const name = systemErrnoName(errno)
  return name === 'EDESTADDRREQ' ? 'no known endpoint for peer' : errnoText(name)
}
