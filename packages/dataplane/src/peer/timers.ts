// SPDX-License-Identifier: MIT
import {
  keepaliveTimeoutMs,
  mostAttempts,
  newHandshakeMs,
  ownInitiationGapMs,
  rejectAfterMs,
  rekeyTimeoutMs,
  zeroKeysAfterMs,
} from '../constants.ts'

// The five timers of a peer (spec protocol §7) as a function of (now, event): no clock, randomness or socket inside.
// All times are milliseconds of CLOCK_BOOTTIME. There is no event per packet: the engine keeps state
// (`unansweredSince` …) and reports only the first edge, and a timer checks that state when it fires.

/** State of one peer's timers. Undefined deadlines are not pending. */
export interface TimerState {
  up: boolean
  /** Persistent keepalive; 0 when off. */
  keepaliveSeconds: number
  /** Retransmissions of the current handshake. */
  attempts: number
  lastSentHandshakeMs: number
  /** When we began to send initiations without completing a handshake. */
  initiatingSinceMs: number | undefined
  /** We answered an initiation, and no message of the resulting session has arrived. */
  isUnconfirmed: boolean
  /** Set when our identity changed: the time from which an initiation may be sent before 5 s have passed. */
  allowedSoonMs: number | undefined
  sessionBornMs: number
  newHandshakeFiredMs: number
  retransmitAt: number | undefined
  newHandshakeAt: number | undefined
  sendKeepaliveAt: number | undefined
  zeroKeysAt: number | undefined
  persistentAt: number | undefined
}

/** The engine's state of a peer, in milliseconds; 0 when unset. */
export interface PeerFacts {
  readonly unansweredSinceMs: number
  readonly unacknowledgedSinceMs: number
  readonly lastTraversalMs: number
  readonly lastDataSentMs: number
}

/** An event of a peer. */
export type TimerEvent =
  /** A deadline may have passed; harmless if none has. */
  | 'tick'
  /** A packet is waiting and no key is usable, or the key is old. */
  | 'needHandshake'
  /** First data sent since a packet from the peer last arrived. */
  | 'awaitingReply'
  /** First data received since we last sent anything. */
  | 'owesKeepalive'
  /** The requested initiation could not be built (no private key, low-order public key). */
  | 'initiationNotMade'
  /** We answered an initiation: a session was derived as responder. */
  | 'answered'
  /** Our initiation was answered: a session was derived as initiator and the handshake is complete. */
  | 'completed'
  /** The first message with the session that we derived as responder arrived: the handshake is complete. */
  | 'confirmed'
  | 'up'
  | 'down'
  /** Our private key or port changed: a handshake may start at once, the answer to an older one is lost. */
  | 'identityChanged'
  | { readonly keepaliveSeconds: number }

/** An action for the caller; to be performed in order. */
type TimerAction =
  | 'initiate'
  | 'sendKeepalive'
  | 'clearSource'
  | 'dropStaged'
  | 'clearSessions'
  /** For the log: the handshake was retried as often as allowed. */
  | 'gaveUp'

/** Timers of a new peer, nothing pending. */
export const newTimerState = (): TimerState => ({
  up: false,
  keepaliveSeconds: 0,
  attempts: 0,
  lastSentHandshakeMs: Number.NEGATIVE_INFINITY,
  initiatingSinceMs: undefined,
  isUnconfirmed: false,
  allowedSoonMs: undefined,
  sessionBornMs: Number.NEGATIVE_INFINITY,
  newHandshakeFiredMs: Number.NEGATIVE_INFINITY,
  retransmitAt: undefined,
  newHandshakeAt: undefined,
  sendKeepaliveAt: undefined,
  zeroKeysAt: undefined,
  persistentAt: undefined,
})

/** The earliest pending deadline; undefined when the peer needs no attention. */
export const nextDeadline = (state: TimerState): number | undefined => {
  let first = Number.POSITIVE_INFINITY
  if (state.retransmitAt !== undefined) first = Math.min(first, state.retransmitAt)
  if (state.newHandshakeAt !== undefined) first = Math.min(first, state.newHandshakeAt)
  if (state.sendKeepaliveAt !== undefined) first = Math.min(first, state.sendKeepaliveAt)
  if (state.zeroKeysAt !== undefined) first = Math.min(first, state.zeroKeysAt)
  if (state.persistentAt !== undefined) first = Math.min(first, state.persistentAt)
  return first === Number.POSITIVE_INFINITY ? undefined : first
}

/**
 * Feeds one event at `nowMs`, changes `state` and returns what to do. `jitterMs` is a fresh random number from 0 to 333;
 * `facts` is called only when a timer that depends on it is due.
 */
export const advance = (
  state: TimerState,
  nowMs: number,
  jitterMs: number,
  event: TimerEvent,
  facts: () => PeerFacts,
): TimerAction[] => {
  if (typeof event === 'object') return setKeepalive(state, nowMs, event.keepaliveSeconds)
  if (event === 'up') return goUp(state, nowMs)
  if (event === 'down') return goDown(state)
  if (event === 'identityChanged') {
    state.allowedSoonMs = Math.max(nowMs, state.lastSentHandshakeMs + ownInitiationGapMs)
    return []
  }
  if (!state.up) return []
  switch (event) {
    case 'tick':
      return tick(state, nowMs, jitterMs, facts)
    case 'needHandshake':
      return initiate(state, nowMs, jitterMs, false)
    case 'awaitingReply':
      state.newHandshakeAt ??= nowMs + newHandshakeMs + jitterMs
      return []
    case 'owesKeepalive':
      state.sendKeepaliveAt ??= nowMs + keepaliveTimeoutMs
      return []
    case 'initiationNotMade':
      state.retransmitAt = undefined
      state.initiatingSinceMs = undefined
      return []
    case 'answered':
      // A responder does not initiate within 5 s of having answered (§7.3).
      state.lastSentHandshakeMs = nowMs
      state.allowedSoonMs = undefined
      state.isUnconfirmed = true
      return derived(state, nowMs)
    case 'completed':
      derived(state, nowMs)
      return complete(state)
    case 'confirmed':
      return complete(state)
  }
}

// --- internal ---

const derived = (state: TimerState, nowMs: number): TimerAction[] => {
  state.sessionBornMs = nowMs
  state.zeroKeysAt = nowMs + zeroKeysAfterMs
  return []
}

const complete = (state: TimerState): TimerAction[] => {
  state.retransmitAt = undefined
  state.initiatingSinceMs = undefined
  state.isUnconfirmed = false
  state.attempts = 0
  return []
}

const goUp = (state: TimerState, nowMs: number): TimerAction[] => {
  state.up = true
  if (state.keepaliveSeconds === 0) return []
  state.persistentAt = nowMs + state.keepaliveSeconds * 1000
  return ['sendKeepalive']
}

const goDown = (state: TimerState): TimerAction[] => {
  Object.assign(state, { ...newTimerState(), keepaliveSeconds: state.keepaliveSeconds })
  return ['dropStaged', 'clearSessions']
}

const setKeepalive = (state: TimerState, nowMs: number, seconds: number): TimerAction[] => {
  const before = state.keepaliveSeconds
  state.keepaliveSeconds = seconds
  if (!state.up || seconds === before) return []
  if (seconds === 0) {
    state.persistentAt = undefined
    return []
  }
  const at = nowMs + seconds * 1000
  state.persistentAt = Math.min(state.persistentAt ?? at, at)
  return before === 0 ? ['sendKeepalive'] : []
}

/** Starts or repeats a handshake, unless one was sent less than 5 s ago. */
const initiate = (state: TimerState, nowMs: number, jitterMs: number, retry: boolean): TimerAction[] => {
  if (!retry) state.attempts = 0
  if (nowMs - state.lastSentHandshakeMs < rekeyTimeoutMs) {
    if (state.allowedSoonMs === undefined) {
      // Our answer may have been lost, and no further packet may follow: waiting packets must not depend on either.
      if (retry || state.isUnconfirmed)
        state.retransmitAt ??= state.lastSentHandshakeMs + rekeyTimeoutMs + jitterMs
      return []
    }
    if (nowMs < state.allowedSoonMs) {
      // Only milliseconds away: schedule it instead of waiting for the next packet.
      state.retransmitAt = state.allowedSoonMs
      return []
    }
  }
  state.allowedSoonMs = undefined
  state.lastSentHandshakeMs = nowMs
  state.initiatingSinceMs ??= nowMs
  // Armed even if sending fails (no route, EPERM): the retry recovers (§7.3).
  state.retransmitAt = nowMs + rekeyTimeoutMs + jitterMs
  return ['initiate']
}

const tick = (state: TimerState, nowMs: number, jitterMs: number, facts: () => PeerFacts): TimerAction[] => {
  const actions: TimerAction[] = []
  if (due(state.retransmitAt, nowMs)) actions.push(...retransmit(state, nowMs, jitterMs))
  if (due(state.sendKeepaliveAt, nowMs)) actions.push(...passiveKeepalive(state, nowMs, facts()))
  if (due(state.newHandshakeAt, nowMs)) actions.push(...newHandshake(state, nowMs, jitterMs, facts()))
  if (due(state.zeroKeysAt, nowMs)) {
    state.zeroKeysAt = undefined
    actions.push('clearSessions')
  }
  if (due(state.persistentAt, nowMs)) actions.push(...persistent(state, nowMs, facts()))
  return actions
}

const due = (at: number | undefined, nowMs: number): boolean => at !== undefined && at <= nowMs

const retransmit = (state: TimerState, nowMs: number, jitterMs: number): TimerAction[] => {
  state.retransmitAt = undefined
  if (state.attempts > mostAttempts) {
    state.sendKeepaliveAt = undefined
    state.zeroKeysAt ??= nowMs + zeroKeysAfterMs
    return ['gaveUp', 'dropStaged']
  }
  state.attempts++
  return ['clearSource', ...initiate(state, nowMs, jitterMs, true)]
}

/** Data was received 10 s ago and nothing was sent since. One keepalive answers all of it, as in the kernel. */
const passiveKeepalive = (state: TimerState, nowMs: number, facts: PeerFacts): TimerAction[] => {
  state.sendKeepaliveAt = undefined
  const owed = facts.unacknowledgedSinceMs
  if (owed === 0) return []
  if (owed + keepaliveTimeoutMs <= nowMs + clockSlackMs) return ['sendKeepalive']
  state.sendKeepaliveAt = owed + keepaliveTimeoutMs
  return []
}

/** Data was sent 15 s ago and nothing was received since. */
const newHandshake = (
  state: TimerState,
  nowMs: number,
  jitterMs: number,
  facts: PeerFacts,
): TimerAction[] => {
  state.newHandshakeAt = undefined
  const silentSince = facts.unansweredSinceMs
  if (silentSince === 0) return []
  if (silentSince + newHandshakeMs > nowMs + clockSlackMs) {
    state.newHandshakeAt = silentSince + newHandshakeMs + jitterMs
    return []
  }
  // The engine reports a silence once. Data sent during it arms this timer again (§7.1) as long as there is a key to
  // send it with, so check again until the session has expired.
  if (nowMs - state.sessionBornMs < rejectAfterMs) state.newHandshakeAt = nowMs + newHandshakeMs + jitterMs
  const firedBefore = state.newHandshakeFiredMs >= silentSince
  if (firedBefore && facts.lastDataSentMs <= state.newHandshakeFiredMs) return []
  state.newHandshakeFiredMs = nowMs
  return ['clearSource', ...initiate(state, nowMs, jitterMs, false)]
}

/** No authenticated packet was sent or received for the interval. */
const persistent = (state: TimerState, nowMs: number, facts: PeerFacts): TimerAction[] => {
  const interval = state.keepaliveSeconds * 1000
  const last = Math.max(facts.lastTraversalMs, state.lastSentHandshakeMs)
  const quietUntil = last + interval
  if (last > 0 && quietUntil > nowMs + clockSlackMs) {
    state.persistentAt = quietUntil
    return []
  }
  state.persistentAt = nowMs + interval
  return ['sendKeepalive']
}

/** Timers of the event loop have a resolution of whole milliseconds: half of one early counts as due. */
const clockSlackMs = 0.5
