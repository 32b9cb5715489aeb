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
/** An answer with an unknown TTL. */
const ways = (...endpoints: Endpoint[]) => ({ endpoints })
const known = { hasEndpoint: true, shookHands: true }

/** Samples once a second the counters that `at` returns; returns the time of the first look-up. */
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
    const tried = afterLookup(freshReresolve, 0, ways(v4(1), v4(2)), v4(1)).state
    const counted = seen(tried, 1, { rxBytes: 0n, txBytes: 1n })
    expect(seen(counted, 2, { rxBytes: 92n, txBytes: 1n })).toEqual({
      ...freshReresolve,
      lookup: { at: 0, ttlSeconds: undefined },
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
  test('keeps an endpoint that its name still has', () => {
    expect(afterDoubt(silent, 13, ways(v4(1), v4(2)), v4(2)).endpoint).toBeUndefined()
  })
  /**
   * Times of the look-ups, within `seconds`, of a peer that is silent from 10 on; the last one before was at `before`.
   */
  const lookups = (seconds: number, ttlSeconds?: number, before?: number): number[] => {
    let state: ReresolveState =
      before === undefined ? silent : { ...silent, lookup: { at: before, ttlSeconds } }
    const times: number[] = []
    for (let now = 10; now < 10 + seconds; now++) {
      if (!isDoubtful(state, now)) continue
      times.push(now - 10)
      state = afterDoubt(
        state,
        now,
        { endpoints: [v4(2)], ...(ttlSeconds !== undefined && { ttlSeconds }) },
        v4(2),
      ).state
    }
    return times
  }
  test('is looked up soon, then every 5 s while it is dead, then once a minute', () => {
    const times = lookups(400)
    expect(times.slice(0, 4)).toEqual([2, 12, 17, 22])
    const pauses = times.slice(1).map((time, index) => time - (times[index] as number))
    expect([pauses.filter((pause) => pause === 5).length, pauses.at(-1)]).toEqual([18, 60])
  })
  test('is looked up when the answer of before ends, where that is known', () => {
    expect(lookups(40, 30)).toEqual([2, 32])
    expect(lookups(14, 1)).toEqual([2, 7, 12])
    expect(lookups(130, 86_400)).toEqual([2, 62, 122])
  })
  test('costs one look-up in a minute where it is always slow', () => {
    expect(lookups(12, undefined, 9)).toEqual([])
    expect(lookups(12, undefined, -50)).toEqual([2])
    // An answer ends the silence, but the look-up still counts.
    const { state } = afterDoubt(seen(silent, 12, { rxBytes: 0n, txBytes: 9n }), 12, ways(v4(2)), v4(2))
    const answered = seen(state, 20, { rxBytes: 9n, txBytes: 9n })
    expect(isDoubtful({ ...answered, unansweredSince: 20 }, 30)).toBe(false)
    // Another network has other name servers.
    expect(isDoubtful({ ...moved(answered), unansweredSince: 20 }, 30)).toBe(true)
  })
  test('whose silence the data plane reports is not looked at before', () => {
    const counters = { rxBytes: 0n, txBytes: 0n }
    const before = seen(freshReresolve, 0, counters, 0)
    expect(nextLookSeconds(before, 0, { ...known, mayMove: true })).toBeUndefined()
    const told = seen(before, 60, { rxBytes: 900n, txBytes: 900n }, 2)
    expect([told.unansweredSince, isDoubtful(told, 60)]).toEqual([58, true])
    const well = seen(told, 70, { rxBytes: 999n, txBytes: 999n }, 0)
    expect(nextLookSeconds(well, 70, { ...known, mayMove: true })).toBeUndefined()
  })
  test('gets the first address where its own is none any more', () => {
    expect(afterDoubt(silent, 13, ways(v4(3), v4(4)), v4(2)).endpoint).toEqual(v4(3))
    expect(afterDoubt(silent, 13, ways(), v4(2)).endpoint).toBeUndefined()
  })
  test('is looked at every second while in use, if its endpoint may change and nobody reports its silence', () => {
    const inUse: ReresolveState = { ...freshReresolve, inUse: true }
    expect(nextLookSeconds(inUse, 0, { ...known, mayMove: true })).toBe(1)
    expect(nextLookSeconds(inUse, 0, known)).toBeUndefined()
    expect(nextLookSeconds({ ...inUse, inUse: false }, 0, { ...known, mayMove: true })).toBeUndefined()
  })
})

test('another network: what was tried, and the pause, say nothing any more', () => {
  const { state } = afterLookup(freshReresolve, 0, ways(v4(1)), v4(2))
  expect(wantsLookup({ ...state, unansweredSince: -60 }, 1, known)).toBe(false)
  expect(wantsLookup({ ...moved(state), unansweredSince: -60 }, 1, known)).toBe(true)
})

describe('afterLookup', () => {
  test('a changed address is taken', () => {
    expect(afterLookup(freshReresolve, 0, ways(v4(2)), v4(1)).endpoint).toEqual(v4(2))
  })
  test('an unchanged single address changes nothing', () => {
    expect(afterLookup(freshReresolve, 0, ways(v4(1)), v4(1)).endpoint).toBeUndefined()
  })
  test('the other family is tried next, then the round begins again', () => {
    const first = afterLookup(freshReresolve, 0, ways(v4(1), v6), v4(1))
    expect(first.endpoint).toEqual(v6)
    const second = afterLookup(first.state, 100, ways(v4(1), v6), v6)
    expect(second.endpoint).toEqual(v4(1))
    expect(afterLookup(second.state, 200, ways(v4(1), v6), v4(1)).endpoint).toEqual(v6)
  })
  test('pauses grow from 5 s to a minute; without an endpoint they stay short for 90 s', () => {
    const pauses = (current: Endpoint | undefined) => {
      let state = freshReresolve
      return Array.from({ length: 20 }, () => {
        state = afterLookup(state, 0, ways(), current).state
        return state.notBefore
      })
    }
    expect(pauses(v4(1)).slice(0, 6)).toEqual([5, 10, 20, 40, 60, 60])
    expect(pauses(undefined)).toEqual([...Array(18).fill(5), 60, 60])
  })
})
