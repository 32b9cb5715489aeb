// SPDX-License-Identifier: MIT
import { type Key, keyBytes, keyFromBytes } from '@wgq/model/key'
import { type EngineEvent, type EnginePeerState, peerEvent } from '@wgq/native/engine'
import { rejectAfterMs } from '../constants.ts'
import { advance, nextDeadline, type PeerFacts, type TimerEvent } from '../peer/timers.ts'
import { AllowedIps } from './allowed-ips.ts'
import { DeadlineHeap } from './deadline-heap.ts'
import type { DeviceDependencies } from './dependencies.ts'
import { encodeEndpoint, samePlace } from './endpoint-record.ts'
import { errnoReason, Handshakes } from './handshakes.ts'
import type { Identity } from './identity.ts'
import { forgetSecrets, newPeer, type Peer, peerName } from './peer.ts'

/**
 * The control half of a WireGuard interface: peers, handshakes, timers. Packets stay in the engine. Not included: the
 * configuration rules (Configuration), sockets for the user, links (the daemon).
 */
export class Device {
  readonly dependencies: DeviceDependencies
  /** In the order they were added. */
  readonly peers = new Map<Key, Peer>()
  readonly allowedIps = new AllowedIps<Peer>()
  identity: Identity | undefined
  /** The configured port; 0 lets the system choose when the interface comes up. */
  listenPort = 0
  /** Whether to keep even a port that the system chose. */
  keepsPort = false
  /** Whether the port must stay, because it was requested. */
  portIsFixed = false
  fwmark = 0
  isUp = false
  /** Whether the link is up. The device follows it, unless its port is unavailable. */
  linkUp = false
  /** Why no socket listens while the link is up: the system's error name. */
  listenError: string | undefined
  private readonly byHandle = new Map<number, Peer>()
  private readonly deadlines = new DeadlineHeap<Peer>()
  readonly handshakes: Handshakes
  private wokenFor: number | undefined

  constructor(dependencies: DeviceDependencies) {
    this.dependencies = dependencies
    if (dependencies.keyLog) dependencies.engine.revealEphemerals(true)
    this.handshakes = new Handshakes(this)
  }

  /** Brings the interface up: opens sockets, starts everything. Raises an error with `code` if the port is in use. */
  up(): void {
    if (this.isUp) return
    this.linkUp = true
    try {
      this.listenPort = this.dependencies.engine.bind(this.listenPort)
    } catch (error) {
      this.listenError = (error as NodeJS.ErrnoException).code ?? 'EIO'
      throw error
    }
    this.listenError = undefined
    this.isUp = true
    this.dependencies.engine.start()
    for (const peer of this.peers.values()) {
      this.feed(peer, 'up')
      this.dependencies.engine.flushStaged(peer.handle)
    }
    this.dependencies.log.debug(() => `Interface up, listening on port ${this.listenPort}`)
  }

  /** Takes the interface down: forgets sessions and handshakes, closes the sockets. */
  down(): void {
    this.linkUp = false
    this.listenError = undefined
    if (!this.isUp) return
    this.isUp = false
    this.dependencies.engine.stop()
    for (const peer of this.peers.values()) this.feed(peer, 'down')
    this.dependencies.engine.unbind()
    this.dependencies.log.debug(() => 'Interface down')
  }

  /** Ends everything and zeroes keys. */
  close(): void {
    this.down()
    for (const peer of [...this.peers.values()]) this.removePeer(peer)
    this.identity = undefined
    this.dependencies.wakeAt(undefined)
    this.dependencies.engine.close()
  }

  /** Adds a peer that does not exist yet. Its timers run while the interface is up. */
  addPeer(publicKey: Key): Peer {
    const peer = newPeer(this.dependencies.engine.addPeer(keyBytes(publicKey)), publicKey)
    this.peers.set(publicKey, peer)
    this.byHandle.set(peer.handle, peer)
    if (this.isUp) this.feed(peer, 'up')
    return peer
  }

  /** Removes a peer: afterwards none of its timers fires and no packet is attributed to it. */
  removePeer(peer: Peer): void {
    peer.removed = true
    this.peers.delete(peer.publicKey)
    this.byHandle.delete(peer.handle)
    this.deadlines.schedule(peer, undefined)
    this.flushAllowedIps()
    this.allowedIps.forget(peer)
    this.dependencies.engine.removePeer(peer.handle)
    forgetSecrets(peer)
    this.rearm()
  }

  /**
   * Sets our own private key (32 bytes, clamped), or none: existing sessions only receive from now on (spec protocol
   * §12). A peer with the own public key is removed.
   */
  setIdentity(privateBytes: Uint8Array | undefined): void {
    const { engine } = this.dependencies
    const publicKey = engine.setIdentity(privateBytes)
    const publicText = publicKey && keyFromBytes(publicKey)
    this.identity = privateBytes && publicText && { privateText: keyFromBytes(privateBytes), publicText }
    const self = publicText && this.peers.get(publicText)
    if (self) this.removePeer(self)
    for (const peer of this.peers.values()) {
      this.feed(peer, 'identityChanged')
      if (peer.hasSessions) engine.expireSending(peer.handle)
    }
  }

  /** Passes the collected allowed-IP changes to the engine. */
  flushAllowedIps(): void {
    const records = this.allowedIps.takeRecords()
    if (records) this.dependencies.engine.updateAllowedIps(records)
  }

  /** Forgets the learned source of every peer for whose endpoint record `isStale` returns true. Yields after each
   *  checked peer, so that the caller can pause. */
  *forgetSources(isStale: (record: Uint8Array) => boolean): Generator<void> {
    for (const peer of this.peers.values()) {
      const { engine } = this.dependencies
      const isActive = peer.hasSessions || engine.isInitiating(peer.handle)
      const record = isActive ? engine.peerEndpoint(peer.handle) : undefined
      if (record && isStale(record)) {
        engine.clearSource(peer.handle)
        this.findSource(peer)
      }
      yield
    }
  }

  /** Makes packets to a peer leave from an address that is not the tunnel's own. False if there is no other. */
  findSource(peer: Peer): boolean {
    const { engine, fitSource } = this.dependencies
    const record = fitSource && engine.peerEndpoint(peer.handle)
    // What is sent anew because no answer came is a reason for doubt.
    const found = record && fitSource(record, peer.timers.attempts > 0)
    if (found === 'none') return false
    if (found) engine.setEndpoint(peer.handle, found)
    return true
  }

  /** Processes the engine's events, at most `mostHandshakes` handshake messages. Returns the number of those. */
  drain(
    mostHandshakes: number,
    onOther: (event: Exclude<EngineEvent, { kind: 'peer' | 'handshake' }>) => void,
  ): number {
    const events = this.dependencies.engine.takeEvents(mostHandshakes)
    // A session that was confirmed is older than those of the handshakes, which are older than what is needed next.
    for (const event of events) if (event.kind === 'peer') this.onConfirmed(event)
    let handshakes = 0
    for (const event of events) {
      if (event.kind !== 'handshake') continue
      handshakes++
      this.handshakes.arrived(event)
    }
    for (const event of events) {
      if (event.kind === 'peer') this.onPeerEvent(event)
      else if (event.kind !== 'handshake') onOther(event)
    }
    this.fireDue()
    return handshakes
  }

  /** Handles the scheduled wake-up: fires the timers that are due and schedules the next wake-up. */
  tick(): void {
    this.wokenFor = undefined
    this.fireDue()
  }

  private fireDue(): void {
    const now = this.dependencies.bootMs()
    for (let peer = this.deadlines.take(now); peer; peer = this.deadlines.take(now))
      this.feed(peer, 'tick', now)
    this.rearm()
  }

  /** Feeds an event to the timers of a peer and performs their actions. */
  feed(peer: Peer, event: TimerEvent, now = this.dependencies.bootMs()): void {
    const actions = advance(peer.timers, now, this.dependencies.jitterMs(), event, () => this.facts(peer))
    if (event === 'awaitingReply' || actions.includes('initiate')) this.dependencies.onQuestion?.(peer)
    for (const action of actions) {
      switch (action) {
        case 'initiate':
          this.handshakes.initiate(peer)
          break
        case 'sendKeepalive':
          this.dependencies.log.debug(() => `${peerName(peer.publicKey)} - Sending keepalive packet`)
          this.dependencies.engine.sendKeepalive(peer.handle)
          break
        case 'clearSource':
          this.dependencies.engine.clearSource(peer.handle)
          break
        case 'dropStaged':
          this.dependencies.engine.dropStaged(peer.handle)
          break
        case 'clearSessions':
          this.dependencies.log.debug(() => `${peerName(peer.publicKey)} - Removing all keys`)
          this.dependencies.engine.forgetInitiation(peer.handle)
          if (peer.hasSessions) this.clearSessions(peer)
          break
        case 'gaveUp':
          this.onGivenUp(peer)
          this.dependencies.log.debug(
            () => `${peerName(peer.publicKey)} - Handshake did not complete after 20 attempts, giving up`,
          )
          break
      }
    }
    if (peer.removed) return
    this.deadlines.schedule(peer, nextDeadline(peer.timers))
    this.rearm()
  }

  /**
   * A middlebox may hold state for our port that blocks all traffic to a peer: then another port helps. For an absent
   * peer we try that after 1, 2, 4, 8 … handshakes, because the other peers lose packets in flight to the old port.
   */
  private onGivenUp(peer: Peer): void {
    // Nothing was sent to a peer without a known endpoint.
    if (!this.dependencies.engine.peerEndpoint(peer.handle)) return
    peer.givenUp++
    if (Number.isInteger(Math.log2(peer.givenUp))) this.changePort()
  }

  /** Changes the port if none was requested. Peers with a session get a packet from it at once. */
  private changePort(): void {
    if (!this.isUp || this.portIsFixed) return
    try {
      this.listenPort = this.dependencies.engine.bind(0)
    } catch {
      // The old sockets keep working.
      return
    }
    this.dependencies.log.debug(() => `Listening on port ${this.listenPort} from now on`)
    for (const peer of this.peers.values())
      if (peer.hasSessions) this.dependencies.engine.sendKeepalive(peer.handle)
  }

  /** Renews every session before anything else is sent: the machine may be a copy of one that used the same keys. */
  renewKeys(): void {
    for (const peer of this.peers.values()) {
      this.dependencies.engine.forgetInitiation(peer.handle)
      this.feed(peer, 'identityChanged')
      if (peer.hasSessions) this.dependencies.engine.expireSending(peer.handle)
    }
  }

  /** Looks up the interfaces of link-local endpoints again: an adapter that was plugged in again has another index. */
  followZones(): void {
    const { engine, interfaceIndex } = this.dependencies
    for (const peer of this.peers.values()) {
      if (!peer.zonedEndpoint) continue
      const wanted = encodeEndpoint(peer.zonedEndpoint, interfaceIndex)
      const known = engine.peerEndpoint(peer.handle)
      if (wanted && known && !samePlace(wanted, known) && samePlace(wanted, known, 'in any zone'))
        engine.setEndpoint(peer.handle, wanted)
    }
  }

  /** Sends another initiation now, because the answer to the outstanding one cannot arrive. */
  restartHandshake(peer: Peer): void {
    this.feed(peer, 'identityChanged')
    this.feed(peer, 'needHandshake')
  }

  /** The peer with this handle of the engine. */
  peerByHandle(handle: number): Peer | undefined {
    return this.byHandle.get(handle)
  }

  // --- internal ---

  private clearSessions(peer: Peer): void {
    this.dependencies.engine.clearSessions(peer.handle)
    peer.hasSessions = false
  }

  private onConfirmed(event: Extract<EngineEvent, { kind: 'peer' }>): void {
    const peer = this.byHandle.get(event.peer)
    if (peer && event.flags & peerEvent.sessionConfirmed) this.handshakes.confirmed(peer)
  }

  private onPeerEvent(event: Extract<EngineEvent, { kind: 'peer' }>): void {
    const { flags, sendErrno } = event
    const peer = this.byHandle.get(event.peer)
    if (!peer) return
    if (flags & peerEvent.awaitingReply) this.feed(peer, 'awaitingReply')
    if (flags & peerEvent.owesKeepalive) this.feed(peer, 'owesKeepalive')
    if (flags & peerEvent.needHandshake) this.feed(peer, 'needHandshake')
    if (flags & peerEvent.sendFailed && sendErrno !== 0)
      this.dependencies.log.debug(
        () => `${peerName(peer.publicKey)} - Packet not sent: ${errnoReason(sendErrno)}`,
      )
  }

  /** The engine's state of a peer, for its timers and for diagnostics. */
  facts(peer: Peer): PeerFacts {
    const state = this.dependencies.engine.peerState(peer.handle)
    return {
      unansweredSinceMs: milliseconds(state.unansweredSince),
      unacknowledgedSinceMs: milliseconds(state.unacknowledgedSince),
      lastTraversalMs: milliseconds(state.lastTraversal),
      lastDataSentMs: milliseconds(lastDataSent(state)),
    }
  }

  /** Milliseconds since the first unanswered data or, without a usable key, initiation; 0 if nothing is unanswered. */
  silentMs(peer: Peer, now = this.dependencies.bootMs()): number {
    const { unansweredSinceMs } = this.facts(peer)
    const { sessionBornMs, initiatingSinceMs } = peer.timers
    const hasKey = peer.hasSessions && now - sessionBornMs < rejectAfterMs
    const since = unansweredSinceMs === 0 ? Number.POSITIVE_INFINITY : unansweredSinceMs
    const earliest = hasKey ? since : Math.min(since, initiatingSinceMs ?? since)
    return earliest === Number.POSITIVE_INFINITY ? 0 : Math.max(0, now - earliest)
  }

  private rearm(): void {
    const next = this.deadlines.next()
    if (next === this.wokenFor) return
    // Deadlines are postponed all the time: one unnecessary wake-up costs less than setting the timer again each time.
    if (next !== undefined && this.wokenFor !== undefined && this.wokenFor < next) return
    this.wokenFor = next
    this.dependencies.wakeAt(next)
  }
}

const lastDataSent = (state: EnginePeerState): bigint => state.lastDataSent ?? state.lastTraversal

const milliseconds = (nanoseconds: bigint): number => Number(nanoseconds) / 1e6
