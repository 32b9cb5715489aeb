// SPDX-License-Identifier: MIT
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import vectors from '../../../test/fixtures/protocol/replay.json' with { type: 'json' }
import { createReplayWindow } from './testing.ts'

test('the sequence of the kernel self-test is accepted and refused as written', () => {
  const window = createReplayWindow()
  const verdicts = vectors.sequence.map(({ counter }) => window.accept(BigInt(counter)))
  expect(verdicts).toEqual(vectors.sequence.map(({ accept }) => accept))
})

describe('bulk runs on a fresh window', () => {
  for (const run of vectors.bulk) {
    const [from = 0, to = 0] = run.accept_range
    test(`${from} to ${to}`, () => {
      const window = createReplayWindow()
      const step = from < to ? 1 : -1
      for (let counter = from; counter !== to + step; counter += step)
        expect(window.accept(BigInt(counter)), String(counter)).toBe(true)
      for (const [counter, accept] of run.then)
        expect(window.accept(BigInt(counter as string)), String(counter)).toBe(accept)
    })
  }
})

test('the message limit is refused, the counter before it is not', () => {
  const window = createReplayWindow()
  const limit = BigInt(vectors.reject_after_messages)
  expect(window.accept(limit - 1n)).toBe(true)
  expect(window.accept(limit)).toBe(false)
  expect(window.accept(2n ** 64n - 1n)).toBe(false)
})

test('a jump around the ring clears every word that it enters, the newest too', () => {
  for (const jump of [64n, 8064n, 8128n, 8192n, 16_384n]) {
    const window = createReplayWindow()
    for (let counter = 0n; counter < 8192n; counter++) window.accept(counter)
    const first = 8191n + jump
    expect(window.accept(first), `${jump}`).toBe(true)
    for (let counter = first - (first % 64n); counter < first; counter++)
      expect(window.accept(counter), `${jump}: ${counter}`).toBe(counter > 8191n)
  }
})

test('it agrees with a set of seen counters', () => {
  fc.assert(
    fc.property(
      fc.array(fc.bigInt({ min: 0n, max: 40_000n }), { maxLength: 400, size: 'max' }),
      (counters) => {
        const window = createReplayWindow()
        const seen = new Set<bigint>()
        let top = 0n
        for (const counter of counters) {
          const expected = !seen.has(counter) && counter + 1n + BigInt(vectors.usable_window) >= top
          if (window.accept(counter) !== expected) return false
          if (expected) {
            seen.add(counter)
            if (counter + 1n > top) top = counter + 1n
          }
        }
        return true
      },
    ),
  )
})
