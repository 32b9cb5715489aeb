// SPDX-License-Identifier: MIT
import type { Endpoint } from '@wgq/model/endpoint'
import { describe, expect, test } from 'vitest'
import {
  afterDoubt,
  afterLookup,
  freshReresolve,
  isDoubtful,
  moved,
  nextLookSeconds,
  type ReresolveState,
  seen,
  wantsLookup,
} from './reresolve.ts'

const v4 = (last: number): Endpoint => ({ family: 4, address: `192.0.2.${last}`, port: 51820 })
const v6: Endpoint = { family: 6, address: '2001:db8::1', port: 51820 }
const known = { hasEndpoint: true, shookHands: true }

/** Looks once a second at counters that `at` gives, and says when the first look-up is wanted. */
const firstLookup = (
  at: (second: number) => { rxBytes: bigint; txBytes: bigint },
  peer = known,
  seconds = 600,
): number | undefined => {
  let state: ReresolveState = freshReresolve
  for (let now = 0; now < seconds; now++) {
    state = seen(state, now, at(now))
    if (wantsLookup(state, now, peer)) return now
  }
  return undefined
}

describe('when names are looked up', () => {
  test('a peer without an endpoint at once', () => {
    expect(wantsLookup(freshReresolve, 0, { hasEndpoint: false, shookHands: false })).toBe(true)
    expect(nextLookSeconds(freshReresolve, 0, { hasEndpoint: false, shookHands: false })).toBe(1)
  })

  test('never while the peer is idle, however old its session is', () => {
    expect(firstLookup(() => ({ rxBytes: 5000n, txBytes: 0n }))).toBeUndefined()
    expect(nextLookSeconds(seen(freshReresolve, 0, { rxBytes: 1n, txBytes: 0n }), 1, known)).toBeUndefined()
  })

  test('never while it answers, be it late', () => {
    const slow = (second: number) => ({
      rxBytes: BigInt(Math.floor(second / 10) * 32),
      txBytes: BigInt(second * 100),
    })
    expect(firstLookup(slow)).toBeUndefined()
  })

  test('15 s after the first packet that stays without an answer', () => {
    const dies = (second: number) => ({
      rxBytes: BigInt(Math.min(second, 100) * 32),
      txBytes: BigInt(second * 100),
    })
    expect(firstLookup(dies)).toBe(116)
  })

  test('after two initiations of one that never shook hands', () => {
    const initiations = (second: number) => ({
      rxBytes: 0n,
      txBytes: BigInt(1 + Math.floor(second / 5)) * 148n,
    })
    expect(firstLookup(initiations, { hasEndpoint: true, shookHands: false })).toBe(6)
  })

  test('an answer forgets what was tried, and the pause', () => {
    const tried = afterLookup(freshReresolve, 0, [v4(1), v4(2)], v4(1)).state
    const counted = seen(tried, 1, { rxBytes: 0n, txBytes: 1n })
    expect(seen(counted, 2, { rxBytes: 92n, txBytes: 1n })).toEqual({
      ...freshReresolve,
      counters: { rxBytes: 92n, txBytes: 1n },
      inUse: false,
    })
  })
})

describe('a peer that may only be slow', () => {
  const silent: ReresolveState = { ...freshReresolve, unansweredSince: 10 }
  test('is doubted after 2 s without an answer, not before, and not while nothing was sent', () => {
    expect(isDoubtful(silent, 11)).toBe(false)
    expect(isDoubtful(silent, 12)).toBe(true)
    expect(isDoubtful(freshReresolve, 1000)).toBe(false)
  })
  test('keeps an endpoint that its name still has, and is asked for again 2 s later', () => {
    const { endpoint, state } = afterDoubt(silent, 13, [v4(1), v4(2)], v4(2))
    expect(endpoint).toBeUndefined()
    expect([isDoubtful(state, 14), isDoubtful(state, 15)]).toEqual([false, true])
  })
  test('gets the first address where its own is none any more', () => {
    expect(afterDoubt(silent, 13, [v4(3), v4(4)], v4(2)).endpoint).toEqual(v4(3))
    expect(afterDoubt(silent, 13, [], v4(2)).endpoint).toBeUndefined()
  })
  test('is looked at every second while in use, if its endpoint may change', () => {
    const inUse: ReresolveState = { ...freshReresolve, inUse: true }
    expect(nextLookSeconds(inUse, 0, { ...known, mayMove: true })).toBe(1)
    expect(nextLookSeconds(inUse, 0, known)).toBeUndefined()
    expect(nextLookSeconds({ ...inUse, inUse: false }, 0, { ...known, mayMove: true })).toBeUndefined()
  })
})

test('another network: what was tried, and the pause, say nothing any more', () => {
  const { state } = afterLookup(freshReresolve, 0, [v4(1)], v4(2))
  expect(wantsLookup({ ...state, unansweredSince: -60 }, 1, known)).toBe(false)
  expect(wantsLookup({ ...moved(state), unansweredSince: -60 }, 1, known)).toBe(true)
})

describe('afterLookup', () => {
  test('a changed address is taken', () => {
    expect(afterLookup(freshReresolve, 0, [v4(2)], v4(1)).endpoint).toEqual(v4(2))
  })
  test('an unchanged single address changes nothing', () => {
    expect(afterLookup(freshReresolve, 0, [v4(1)], v4(1)).endpoint).toBeUndefined()
  })
  test('the other family is tried next, then the round begins again', () => {
    const first = afterLookup(freshReresolve, 0, [v4(1), v6], v4(1))
    expect(first.endpoint).toEqual(v6)
    const second = afterLookup(first.state, 100, [v4(1), v6], v6)
    expect(second.endpoint).toEqual(v4(1))
    expect(afterLookup(second.state, 200, [v4(1), v6], v4(1)).endpoint).toEqual(v6)
  })
  test('pauses grow from 5 s to 300 s', () => {
    let state = freshReresolve
    const pauses = Array.from({ length: 8 }, () => {
      state = afterLookup(state, 0, [], undefined).state
      return state.notBefore
    })
    expect(pauses).toEqual([5, 10, 20, 40, 80, 160, 300, 300])
  })
})
