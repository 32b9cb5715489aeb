// SPDX-License-Identifier: MIT
import { type EnginePeerState, peerEvent } from '@wgq/native/engine'
import type { Session } from '@wgq/native/testing'

/** A session whose packets are not encrypted: only its keys are compared. */
export interface Keypair extends Omit<Session, 'sendKey' | 'receiveKey'> {
  readonly send: string
  readonly receive: string
  readonly bornMs: number
  maySend: boolean
  counter: bigint
  readonly seen: Set<bigint>
}

/** State of one peer in the in-memory engine: sessions, staged packets, counters and times. */
export class MemoryPeer {
  /** `IP:PORT`. */
  endpoint: string | undefined
  /** Inner packets that wait for a session. */
  staged: Buffer[] = []
  rxBytes = 0n
  txBytes = 0n
  /** Times in milliseconds of the network's clock; 0 is never. */
  private unansweredSince = 0
  private unacknowledgedSince = 0
  private lastTraversal = 0
  private lastReceived = 0
  private lastDataSent = 0
  private previous: Keypair | undefined
  private current: Keypair | undefined
  private next: Keypair | undefined
  private flags = 0
  private readonly nowMs: () => number
  private readonly onWake: () => void
  private readonly release: (localIndex: number) => void

  /**
   * `nowMs` is the network's clock; `onWake` is called when there is an event to take, `release` for the index of each
   * session that ends.
   */
  constructor(nowMs: () => number, onWake: () => void, release: (localIndex: number) => void) {
    this.nowMs = nowMs
    this.onWake = onWake
    this.release = release
  }

  /** The session used to send packets. */
  get sending(): Keypair | undefined {
    return this.current
  }

  /** The sessions that may receive packets, the likeliest first. */
  get receiving(): Keypair[] {
    return [this.current, this.previous, this.next].filter((keypair) => keypair !== undefined)
  }

  /** Starts a new session. */
  begin(session: Session): void {
    const fresh: Keypair = {
      role: session.role,
      localIndex: session.localIndex,
      remoteIndex: session.remoteIndex,
      send: Buffer.from(session.sendKey).toString('hex'),
      receive: Buffer.from(session.receiveKey).toString('hex'),
      bornMs: this.nowMs(),
      maySend: true,
      counter: 0n,
      seen: new Set(),
    }
    this.replacing(() => {
      if (session.role === 'responder') {
        this.next = fresh
        this.previous = undefined
      } else {
        this.previous = this.next ?? this.current
        this.next = undefined
        this.current = fresh
      }
    })
  }

  /** Forgets all sessions. */
  clear(): void {
    this.replacing(() => {
      this.previous = undefined
      this.current = undefined
      this.next = undefined
    })
  }

  /** Stops sending with all current sessions. */
  expireSending(): void {
    if (this.current) this.current.maySend = false
    if (this.next) this.next.maySend = false
  }

  /** Handles the first use of a session by the peer: a session waiting for that becomes current. */
  confirm(keypair: Keypair): void {
    if (keypair !== this.next) return
    this.replacing(() => {
      this.previous = this.current
      this.current = keypair
      this.next = undefined
    })
    this.raise(peerEvent.sessionConfirmed)
  }

  /** Records a received authenticated packet. */
  heard(): void {
    this.lastTraversal = this.nowMs()
    this.lastReceived = this.nowMs()
    this.unansweredSince = 0
  }

  /** Records a received inner packet, which must be acknowledged. */
  heardData(): void {
    if (this.unacknowledgedSince !== 0) return
    this.unacknowledgedSince = this.nowMs()
    this.raise(peerEvent.owesKeepalive)
  }

  /** Records a sent authenticated packet. */
  sent(): void {
    this.lastTraversal = this.nowMs()
    this.unacknowledgedSince = 0
  }

  /** Records a sent inner packet, which must be answered. */
  sentData(): void {
    this.lastDataSent = this.nowMs()
    if (this.unansweredSince !== 0) return
    this.unansweredSince = this.nowMs()
    this.raise(peerEvent.awaitingReply)
  }

  /** Records a {@link peerEvent} and wakes the control half. */
  raise(flag: number): void {
    this.flags |= flag
    this.onWake()
  }

  /** Takes the flags of the events since the last call; 0 if there were none. */
  takeFlags(): number {
    const { flags } = this
    this.flags = 0
    return flags
  }

  /** Counters and times as the engine reports them. */
  state(): EnginePeerState {
    return {
      rxBytes: this.rxBytes,
      txBytes: this.txBytes,
      unansweredSince: nanoseconds(this.unansweredSince),
      unacknowledgedSince: nanoseconds(this.unacknowledgedSince),
      lastTraversal: nanoseconds(this.lastTraversal),
      lastReceived: nanoseconds(this.lastReceived),
      lastDataSent: nanoseconds(this.lastDataSent),
      staged: this.staged.length,
    }
  }

  /** Runs `change` and releases the local indices of the sessions that it drops. */
  private replacing(change: () => void): void {
    const before = this.receiving
    change()
    const after = this.receiving
    for (const keypair of before) if (!after.includes(keypair)) this.release(keypair.localIndex)
  }
}

/** Converts milliseconds to the unit of the engine. */
export const nanoseconds = (milliseconds: number): bigint => BigInt(Math.round(milliseconds * 1e6))
