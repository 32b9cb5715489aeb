// SPDX-License-Identifier: MIT
import { newHandshakeMs } from '@wgq/dataplane/constants'
import type { Endpoint } from '@wgq/model/endpoint'
import { formatEndpoint } from '@wgq/model/endpoint'
import type { Ways } from './reachable.ts'

/** State of one peer; times are seconds of one monotonic clock. */
export interface ReresolveState {
  /** Earliest time of the next look-up. */
  readonly notBefore: number
  /** Look-ups since the last answer of the peer; doubles the pause. */
  readonly attempts: number
  /** Endpoints tried since the last answer of the peer, as text. */
  readonly tried: readonly string[]
  /** Counters of the last sample; undefined before the first one. */
  readonly counters?: { readonly rxBytes: bigint; readonly txBytes: bigint }
  /** Time of the first packet without an answer; undefined while no packet is unanswered. */
  readonly unansweredSince?: number
  /** Time of the last look-up of its names, and the TTL of the answer if known. */
  readonly lookup?: { readonly at: number; readonly ttlSeconds: number | undefined }
  /** Packets were sent between the last two samples, and the data plane does not report missing answers. */
  readonly inUse?: boolean
}

/** Nothing tried yet. */
export const freshReresolve: ReresolveState = { notBefore: 0, attempts: 0, tried: [] }

/** Shortest and longest pause between attempts with different endpoints. */
const firstPauseSeconds = 5
const longestPauseSeconds = 60
/** Number of look-ups every 5 s for a peer without an endpoint or an answer; afterwards once a minute. */
const eagerLookups = 18
/** Look-up interval of a name whose peer may only be slow; once a minute if it was slow before. */
const slowPauseSeconds = 10

/** A live peer answers any packet within this time, and an initiation at once. */
const deadAfterSeconds = newHandshakeMs / 1000
/** A peer that never completed a handshake owes no answer: two unanswered initiations are enough. */
const strangerAfterSeconds = 6
/** Time without an answer after which a name is looked up: if its address changed, the peer has moved. */
const doubtAfterSeconds = 2
/** Sampling interval of a peer in use with a changeable endpoint if the data plane does not report missing answers. */
const inUseSeconds = 1

/**
 * Applies a sample of the counters. A received packet answers all packets sent before; an idle peer, which sends
 * nothing, is not missing. `silentSeconds` is how long the peer has not answered, if the data plane reports it; 0: it
 * owes no answer.
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
  // An answer resets the state, so that the next loss leads to a look-up at once.
  if (answered) return { ...fresh, counters, inUse: sent }
  const unansweredSince = since ?? (sent ? now : undefined)
  return { ...rest, counters, inUse: sent, ...(unansweredSince === undefined ? {} : { unansweredSince }) }
}

/** Resets the attempts after a change of network, which makes earlier results meaningless. */
export const moved = ({ lookup: _, ...state }: ReresolveState): ReresolveState => ({
  ...state,
  notBefore: 0,
  attempts: 0,
  tried: [],
})

/** Whether to look up a name even though its peer may only be slow. */
export const isDoubtful = (state: ReresolveState, now: number): boolean => now >= doubtAt(state, now)

/** When to look up the names of a silent peer: soon, then after the TTL of the answer or at a useful interval. */
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

/** Applies the look-up for a possibly dead peer: picks the first candidate if the current endpoint is no longer one. */
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
 * Whether to look up the names of a peer now: it has no endpoint, or has not answered for longer than a live peer
 * takes.
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

/** Seconds until the next useful check; undefined while no answer is missing. `mayMove`: the peer has a name. */
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
 * Applies a look-up, whose candidates are in the order in which to try them, and picks the endpoint to set: the first
 * untried one that is not the current one; after all were tried, the round starts again. `endpoint` is undefined if
 * nothing is to change. The pause grows from 5 s to a minute; a peer without an endpoint is looked up every 5 s for
 * longer.
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
