// SPDX-License-Identifier: MIT
import type { Endpoint } from '@wgq/model/endpoint'
import { describe, expect, test } from 'vitest'
import { afterLookup, freshReresolve, wantsLookup } from './reresolve.ts'

const v4 = (last: number): Endpoint => ({ family: 4, address: `192.0.2.${last}`, port: 51820 })
const v6: Endpoint = { family: 6, address: '2001:db8::1', port: 51820 }

describe('wantsLookup', () => {
  test('a session that still lives is left alone, a dead one is looked up at once', () => {
    expect(wantsLookup(freshReresolve, 1000, 179, 1000)).toBe(false)
    expect(wantsLookup(freshReresolve, 1000, 180, 1000)).toBe(true)
  })
  test('a peer that never shook hands gets its first look-up after 15 s', () => {
    expect(wantsLookup(freshReresolve, 14, undefined, 14)).toBe(false)
    expect(wantsLookup(freshReresolve, 15, undefined, 15)).toBe(true)
  })
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
  test('pauses grow from 15 s to 300 s and respect the TTL', () => {
    let state = freshReresolve
    const pauses = Array.from({ length: 7 }, () => {
      state = afterLookup(state, 0, [], undefined).state
      return state.notBefore
    })
    expect(pauses).toEqual([15, 30, 60, 120, 240, 300, 300])
    expect(afterLookup(freshReresolve, 0, [], undefined, 120).state.notBefore).toBe(120)
  })
})
