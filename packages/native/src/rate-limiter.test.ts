// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest'
import vectors from '../../../test/fixtures/protocol/ratelimiter.json' with { type: 'json' }
import { endpoint } from './fixtures/packets.ts'
import { createRateLimiter } from './testing.ts'

test('the bucket gives what the vector says, each source its own', () => {
  const limiter = createRateLimiter()
  for (const last of [1, 2, 3]) {
    const from = endpoint([192, 0, 2, last], 1000)
    const base = BigInt(last) * 10_000_000_000n
    const verdicts = vectors.sequence.map(({ at_ns }) => limiter.allow(from, base + BigInt(at_ns)))
    expect(verdicts).toEqual(vectors.sequence.map(({ allow }) => allow))
  }
})

test('an empty bucket fills by one message every 50 ms, and a pause fills it no faster', () => {
  const limiter = createRateLimiter()
  const from = endpoint([192, 0, 2, 1], 1)
  const at = (milliseconds: number) => limiter.allow(from, BigInt(milliseconds) * 1_000_000n)
  expect([0, 0, 0, 0, 0, 0].map(at)).toEqual([true, true, true, true, true, false])
  expect([25, 49, 50, 50].map(at)).toEqual([false, false, true, false])
  expect([149, 149, 150, 150].map(at)).toEqual([true, false, true, false])
})

test('the port does not make another source; an IPv6 source is its /64', () => {
  const limiter = createRateLimiter()
  const v6 = (network: number, host: number) =>
    endpoint([0x20, 1, 0xd, 0xb8, 0, 0, 0, network, 0, 0, 0, 0, 0, 0, 0, host], 1)
  for (let i = 0; i < 5; i++) {
    expect(limiter.allow(endpoint([192, 0, 2, 1], i), 0n)).toBe(true)
    expect(limiter.allow(v6(1, i), 0n)).toBe(true)
  }
  expect(limiter.allow(endpoint([192, 0, 2, 1], 9), 0n)).toBe(false)
  expect(limiter.allow(v6(1, 99), 0n)).toBe(false)
  expect(limiter.allow(v6(2, 0), 0n)).toBe(true)
})

test('a full table refuses new sources until idle ones are collected', () => {
  const limiter = createRateLimiter(2)
  const from = (last: number) => endpoint([192, 0, 2, last], 1)
  const second = 1_000_000_000n
  expect(limiter.allow(from(1), second)).toBe(true)
  expect(limiter.allow(from(2), second)).toBe(true)
  expect(limiter.allow(from(3), second)).toBe(false)
  expect(limiter.allow(from(1), second)).toBe(true)
  expect(limiter.allow(from(3), 3n * second)).toBe(true)
  expect(limiter.size()).toBe(1)
})
