// SPDX-License-Identifier: MIT
import type { Endpoint } from '@wgq/model/endpoint'
import { formatEndpoint } from '@wgq/model/endpoint'

/** What is known of one peer; times are seconds of one monotonic clock. */
export interface ReresolveState {
  /** The next look-up is not before this. */
  readonly notBefore: number
  /** Look-ups since the peer answered last; doubles the pause. */
  readonly attempts: number
  /** Endpoints already tried since the peer answered last, as text. */
  readonly tried: readonly string[]
  /** Counters of the last look; undefined before the first one. */
  readonly counters?: { readonly rxBytes: bigint; readonly txBytes: bigint }
  /** When something was sent first that is not answered yet; undefined while nothing waits for an answer. */
  readonly unansweredSince?: number
  /** Something was sent between the last two looks. */
  readonly inUse?: boolean
}

/** Nothing tried yet. */
export const freshReresolve: ReresolveState = { notBefore: 0, attempts: 0, tried: [] }

/** The first pause between look-ups and the longest one. */
const firstPauseSeconds = 5
const longestPauseSeconds = 300

/**
 * A living peer answers whatever it gets within KEEPALIVE_TIMEOUT, 10 s, and an initiation at once; the second initiation
 * leaves 5 s after the first (protocol §4.3).
 */
const deadAfterSeconds = 15
/** A peer that never shook hands owes nothing: two initiations without an answer are enough. */
const strangerAfterSeconds = 6
/** After so long without an answer a name is looked up: one that says something else than before has moved. */
const doubtAfterSeconds = 2
/** A peer in use whose endpoint may change is looked at so often. */
const inUseSeconds = 1

/**
 * Takes the counters of a look. What came in answers everything that was sent before; an idle peer, which sends nothing,
 * is not missed.
 */
export const seen = (
  state: ReresolveState,
  now: number,
  counters: { readonly rxBytes: bigint; readonly txBytes: bigint },
): ReresolveState => {
  const { counters: before, unansweredSince: since, ...rest } = state
  const answered = before !== undefined && counters.rxBytes !== before.rxBytes
  const sent = before === undefined ? counters.txBytes > 0n : counters.txBytes > before.txBytes
  // A living peer forgets the past, so that the next loss is looked up at once.
  if (answered) return { ...freshReresolve, counters, inUse: sent }
  const unansweredSince = since ?? (sent ? now : undefined)
  return { ...rest, counters, inUse: sent, ...(unansweredSince === undefined ? {} : { unansweredSince }) }
}

/** The machine is in another network, or was: what was tried says nothing any more. */
export const moved = (state: ReresolveState): ReresolveState => ({
  ...state,
  notBefore: 0,
  attempts: 0,
  tried: [],
})

/** Says whether a name is worth a look although its peer may only be slow. */
export const isDoubtful = (state: ReresolveState, now: number): boolean =>
  now >= state.notBefore &&
  state.unansweredSince !== undefined &&
  now - state.unansweredSince >= doubtAfterSeconds

/** Takes the candidates for a doubtful peer: the first one where the current endpoint is none of them any more. */
export const afterDoubt = (
  state: ReresolveState,
  now: number,
  candidates: readonly Endpoint[],
  current: Endpoint,
): { state: ReresolveState; endpoint: Endpoint | undefined } => {
  const texts = candidates.map(formatEndpoint)
  const endpoint = texts.includes(formatEndpoint(current)) ? undefined : candidates[0]
  const tried = endpoint ? [formatEndpoint(current), formatEndpoint(endpoint)] : state.tried
  return { endpoint, state: { ...state, tried, notBefore: now + doubtAfterSeconds } }
}

/**
 * Says whether the names of a peer are to be looked up now: it has no endpoint, or it has not answered for longer than a
 * living one takes.
 */
export const wantsLookup = (
  state: ReresolveState,
  now: number,
  peer: { readonly hasEndpoint: boolean; readonly shookHands: boolean },
): boolean => {
  if (now < state.notBefore) return false
  if (!peer.hasEndpoint) return true
  const silent = state.unansweredSince === undefined ? 0 : now - state.unansweredSince
  return silent >= (peer.shookHands ? deadAfterSeconds : strangerAfterSeconds)
}

/** Seconds until the next look makes a difference; undefined while the peer is not missed. `mayMove`: it has a name. */
export const nextLookSeconds = (
  state: ReresolveState,
  now: number,
  peer: { readonly hasEndpoint: boolean; readonly shookHands: boolean; readonly mayMove?: boolean },
): number | undefined => {
  if (peer.hasEndpoint && state.unansweredSince === undefined)
    return state.inUse && peer.mayMove ? inUseSeconds : undefined
  const after = peer.mayMove ? doubtAfterSeconds : strangerAfterSeconds
  const dead = peer.hasEndpoint ? (state.unansweredSince ?? now) + after : now
  return Math.max(1, Math.max(state.notBefore, dead) - now)
}

/**
 * Takes the candidates of a look-up (in the order in which they are to be tried) and picks what to set: the first one not
 * tried yet that is not the current one; when all were tried the round begins again. `endpoint` is undefined when nothing
 * is to change. The pause grows from 5 s to 5 minutes.
 */
export const afterLookup = (
  state: ReresolveState,
  now: number,
  candidates: readonly Endpoint[],
  current: Endpoint | undefined,
): { state: ReresolveState; endpoint: Endpoint | undefined } => {
  const currentText = current && formatEndpoint(current)
  const tried = [...new Set([...state.tried, ...(currentText === undefined ? [] : [currentText])])]
  const untried = candidates.find((endpoint) => !tried.includes(formatEndpoint(endpoint)))
  const endpoint = untried ?? candidates.find((candidate) => formatEndpoint(candidate) !== currentText)
  const pause = Math.min(longestPauseSeconds, firstPauseSeconds * 2 ** state.attempts)
  const next = endpoint ? [...(untried ? tried : []), formatEndpoint(endpoint)] : tried
  return {
    endpoint,
    state: {
      ...state,
      attempts: Math.min(state.attempts + 1, 10),
      notBefore: now + pause,
      tried: next,
    },
  }
}
