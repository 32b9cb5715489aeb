// SPDX-License-Identifier: MIT
import type { EnginePeerState, Session } from '@wgq/native/engine'
import { peerEvent } from '@wgq/native/engine'

/** A session whose packets are not encrypted: its keys are compared. */
export interface Keypair extends Omit<Session, 'sendKey' | 'receiveKey'> {
  readonly send: string
  readonly receive: string
  readonly bornMs: number
  maySend: boolean
  counter: bigint
  readonly seen: Set<bigint>
}

/** What the engine in memory keeps of one peer: its sessions, what waits to be sent, counters and times. */
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
  private dropped: number[] = []
  private readonly nowMs: () => number
  private readonly onWake: () => void

  /** `nowMs` is the network's clock, `onWake` hears that there is an event to take. */
  constructor(nowMs: () => number, onWake: () => void) {
    this.nowMs = nowMs
    this.onWake = onWake
  }

  /** The session that packets leave by. */
  get sending(): Keypair | undefined {
    return this.current
  }

  /** The sessions that packets may come by, the likeliest first. */
  get receiving(): Keypair[] {
    return [this.current, this.previous, this.next].filter((keypair) => keypair !== undefined)
  }

  /** Takes a new session; returns the local indices of those that make way for it. */
  begin(session: Session): number[] {
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
    return this.replacing(() => {
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

  /** Forgets all sessions; returns their local indices. */
  clear(): number[] {
    return this.replacing(() => {
      this.previous = undefined
      this.current = undefined
      this.next = undefined
    })
  }

  /** Nothing leaves any more by the sessions that there are. */
  expireSending(): void {
    if (this.current) this.current.maySend = false
    if (this.next) this.next.maySend = false
  }

  /** The other side used a session: the one that waited for this is now the current one. */
  confirm(keypair: Keypair): void {
    if (keypair !== this.next) return
    this.dropped.push(
      ...this.replacing(() => {
        this.previous = this.current
        this.current = keypair
        this.next = undefined
      }),
    )
    this.raise(peerEvent.sessionConfirmed)
  }

  /** Something authentic came in. */
  heard(): void {
    this.lastTraversal = this.nowMs()
    this.lastReceived = this.nowMs()
    this.unansweredSince = 0
  }

  /** An inner packet came in: the other side wants to hear of it. */
  heardData(): void {
    if (this.unacknowledgedSince !== 0) return
    this.unacknowledgedSince = this.nowMs()
    this.raise(peerEvent.owesKeepalive)
  }

  /** Something authentic left. */
  sent(): void {
    this.lastTraversal = this.nowMs()
    this.unacknowledgedSince = 0
  }

  /** An inner packet left: an answer is due. */
  sentData(): void {
    this.lastDataSent = this.nowMs()
    if (this.unansweredSince !== 0) return
    this.unansweredSince = this.nowMs()
    this.raise(peerEvent.awaitingReply)
  }

  /** Notes a {@link peerEvent} and wakes the deciding side. */
  raise(flag: number): void {
    this.flags |= flag
    this.onWake()
  }

  /** What happened since the last call: flags, and the local indices of sessions that went; undefined if nothing. */
  takeEvent(): { flags: number; dropped: number[] } | undefined {
    if (this.flags === 0) return undefined
    const event = { flags: this.flags, dropped: this.dropped }
    this.flags = 0
    this.dropped = []
    return event
  }

  /** Counters and times as the engine tells them. */
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

  /** Local indices of the sessions that `change` lets go. */
  private replacing(change: () => void): number[] {
    const before = this.receiving
    change()
    const after = this.receiving
    return before.filter((keypair) => !after.includes(keypair)).map(({ localIndex }) => localIndex)
  }
}

/** Milliseconds in the unit of the engine. */
export const nanoseconds = (milliseconds: number): bigint => BigInt(Math.round(milliseconds * 1e6))
