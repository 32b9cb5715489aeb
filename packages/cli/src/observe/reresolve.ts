// SPDX-License-Identifier: MIT
import type { Endpoint } from '@wgq/model/endpoint'
import { formatEndpoint } from '@wgq/model/endpoint'
import { staleAfterSeconds } from './device-events.ts'

/** What is known of one peer whose endpoint is a name; times are seconds of one monotonic clock. */
export interface ReresolveState {
  /** The next look-up is not before this. */
  readonly notBefore: number
  /** Look-ups since the last handshake; doubles the pause. */
  readonly attempts: number
  /** Endpoints already tried since the last handshake, as text. */
  readonly tried: readonly string[]
}

/** Nothing tried yet. */
export const freshReresolve: ReresolveState = { notBefore: 0, attempts: 0, tried: [] }

/** The first pause between look-ups and the longest one. */
const firstPauseSeconds = 15
const longestPauseSeconds = 300

/**
 * Says whether the name is to be looked up now: the handshake is older than a session lives. `handshakeAgeSeconds` is
 * undefined when there never was one (then `upSeconds`, the age of the watch, counts, so that a peer gets its first try).
 */
export const wantsLookup = (
  state: ReresolveState,
  now: number,
  handshakeAgeSeconds: number | undefined,
  upSeconds: number,
): boolean =>
  now >= state.notBefore &&
  (handshakeAgeSeconds ?? upSeconds) >=
    (handshakeAgeSeconds === undefined ? firstPauseSeconds : staleAfterSeconds)

/**
 * Takes the answer of a look-up (all addresses, both families, in the resolver's order) and picks what to set: the first
 * address not tried yet that is not the current one; when all were tried the round begins again. `endpoint` is undefined
 * when nothing is to change. The pause grows from 15 s to 5 minutes, and is at least the answer's TTL where known.
 */
export const afterLookup = (
  state: ReresolveState,
  now: number,
  answer: readonly Endpoint[],
  current: Endpoint | undefined,
  ttlSeconds = 0,
): { state: ReresolveState; endpoint: Endpoint | undefined } => {
  const currentText = current && formatEndpoint(current)
  const tried = [...new Set([...state.tried, ...(currentText === undefined ? [] : [currentText])])]
  const untried = answer.find((endpoint) => !tried.includes(formatEndpoint(endpoint)))
  const endpoint = untried ?? answer.find((candidate) => formatEndpoint(candidate) !== currentText)
  const pause = Math.min(longestPauseSeconds, firstPauseSeconds * 2 ** state.attempts)
  const next = endpoint ? [...(untried ? tried : []), formatEndpoint(endpoint)] : tried
  return {
    endpoint,
    state: {
      attempts: Math.min(state.attempts + 1, 10),
      notBefore: now + Math.max(pause, Math.min(ttlSeconds, longestPauseSeconds)),
      tried: next,
    },
  }
}
