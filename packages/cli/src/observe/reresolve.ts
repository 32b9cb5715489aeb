// SPDX-License-Identifier: MIT
import type { Endpoint } from '@wgq/model/endpoint'
import { formatEndpoint } from '@wgq/model/endpoint'
import type { Ways } from './reachable.ts'

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
  /** When its names were looked up last, and how long the answer held where that is known. */
  readonly lookup?: { readonly at: number; readonly ttlSeconds: number | undefined }
  /** Something was sent between the last two looks, and nobody says when the answer is missing. */
  readonly inUse?: boolean
}

/** Nothing tried yet. */
export const freshReresolve: ReresolveState = { notBefore: 0, attempts: 0, tried: [] }

/** The first pause between two endpoints that are tried, and the longest one. */
const firstPauseSeconds = 5
const longestPauseSeconds = 60
/** A peer without an endpoint, or without an answer, is looked up every 5 s so often, then once a minute. */
const eagerLookups = 18
/** A name whose peer may only be slow is looked up so often; one that was slow before, once a minute. */
const slowPauseSeconds = 10

/**
 * A living peer answers whatever it gets within KEEPALIVE_TIMEOUT, 10 s, and an initiation at once; the second initiation
 * leaves 5 s after the first (protocol §4.3).
 */
const deadAfterSeconds = 15
/** A peer that never shook hands owes nothing: two initiations without an answer are enough. */
const strangerAfterSeconds = 6
/** After so long without an answer a name is looked up: one that says something else than before has moved. */
const doubtAfterSeconds = 2
/** A peer in use whose endpoint may change is looked at so often where nobody says that it does not answer. */
const inUseSeconds = 1

/**
 * Takes the counters of a look. What came in answers everything that was sent before; an idle peer, which sends nothing,
 * is not missed. `silentSeconds` is how long the peer has not answered, where the data plane says so; 0: it owes nothing.
 */
export const seen = (
  state: ReresolveState,
  now: number,
  { rxBytes, txBytes }: { readonly rxBytes: bigint; readonly txBytes: bigint },
  silentSeconds?: number,
): ReresolveState => {
  const counters = { rxBytes, txBytes }
  const { counters: before, unansweredSince: since, ...rest } = state
  const { lookup } = state
  const fresh = lookup === undefined ? freshReresolve : { ...freshReresolve, lookup }

  const answered = before !== undefined && counters.rxBytes !== before.rxBytes
  const sent = before === undefined ? counters.txBytes > 0n : counters.txBytes > before.txBytes
  if (silentSeconds !== undefined) {
    const known = { ...(answered ? fresh : rest), counters, inUse: false }
    return silentSeconds === 0 ? known : { ...known, unansweredSince: now - silentSeconds }
  }
  // A living peer forgets the past, so that the next loss is looked up at once.
  if (answered) return { ...fresh, counters, inUse: sent }
  const unansweredSince = since ?? (sent ? now : undefined)
  return { ...rest, counters, inUse: sent, ...(unansweredSince === undefined ? {} : { unansweredSince }) }
}

/** The machine is in another network, or was: what was tried says nothing any more. */
export const moved = ({ lookup: _, ...state }: ReresolveState): ReresolveState => ({
  ...state,
  notBefore: 0,
  attempts: 0,
  tried: [],
})

/** Says whether a name is worth a look although its peer may only be slow. */
export const isDoubtful = (state: ReresolveState, now: number): boolean => now >= doubtAt(state, now)

/** When a silent peer's names are worth a look: soon, then as long as the answer holds, or as often as it helps. */
const doubtAt = ({ unansweredSince: since, lookup }: ReresolveState, now: number): number => {
  if (since === undefined) return Number.POSITIVE_INFINITY
  const first = since + doubtAfterSeconds
  if (!lookup) return first
  const { at, ttlSeconds } = lookup
  if (ttlSeconds !== undefined)
    return Math.max(first, at + Math.min(longestPauseSeconds, Math.max(firstPauseSeconds, ttlSeconds)))
  const silent = now - since
  const isDead = silent >= deadAfterSeconds
  const isEager = silent < deadAfterSeconds + eagerLookups * firstPauseSeconds
  if (isDead) return at + (isEager ? firstPauseSeconds : longestPauseSeconds)
  return Math.max(first, at + (at >= since ? slowPauseSeconds : longestPauseSeconds))
}

/** Takes the candidates for a doubtful peer: the first one where the current endpoint is none of them any more. */
export const afterDoubt = (
  state: ReresolveState,
  now: number,
  { endpoints: candidates, ttlSeconds }: Ways,
  current: Endpoint,
): { state: ReresolveState; endpoint: Endpoint | undefined } => {
  const texts = candidates.map(formatEndpoint)
  const endpoint = texts.includes(formatEndpoint(current)) ? undefined : candidates[0]
  const tried = endpoint ? [formatEndpoint(current), formatEndpoint(endpoint)] : state.tried
  return { endpoint, state: { ...state, tried, lookup: { at: now, ttlSeconds } } }
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
  const silentSince = state.unansweredSince ?? now
  const deadAt = silentSince + (peer.shookHands ? deadAfterSeconds : strangerAfterSeconds)
  const nextTry = Math.max(state.notBefore, peer.hasEndpoint ? deadAt : now)
  const next = peer.hasEndpoint && peer.mayMove ? Math.min(nextTry, doubtAt(state, now)) : nextTry
  return Math.max(1, next - now)
}

/**
 * Takes the candidates of a look-up (in the order in which they are to be tried) and picks what to set: the first one not
 * tried yet that is not the current one; when all were tried the round begins again. `endpoint` is undefined when nothing
 * is to change. The pause grows from 5 s to a minute; a peer that has no endpoint yet is looked up every 5 s for long.
 */
export const afterLookup = (
  state: ReresolveState,
  now: number,
  { endpoints: candidates, ttlSeconds }: Ways,
  current: Endpoint | undefined,
): { state: ReresolveState; endpoint: Endpoint | undefined } => {
  const currentText = current && formatEndpoint(current)
  const tried = [...new Set([...state.tried, ...(currentText === undefined ? [] : [currentText])])]
  const untried = candidates.find((endpoint) => !tried.includes(formatEndpoint(endpoint)))
  const endpoint = untried ?? candidates.find((candidate) => formatEndpoint(candidate) !== currentText)
  const doubled = Math.min(longestPauseSeconds, firstPauseSeconds * 2 ** state.attempts)
  const pause = !current && state.attempts < eagerLookups ? firstPauseSeconds : doubled
  const next = endpoint ? [...(untried ? tried : []), formatEndpoint(endpoint)] : tried
  return {
    endpoint,
    state: {
      ...state,
      attempts: Math.min(state.attempts + 1, eagerLookups),
      notBefore: now + pause,
      lookup: { at: now, ttlSeconds },
      tried: next,
    },
  }
}
