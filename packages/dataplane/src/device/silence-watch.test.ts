// SPDX-License-Identifier: MIT
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Peer } from './peer.ts'
import { SilenceWatch } from './silence-watch.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** Peers by number, and how long each has been silent. */
const bench = () => {
  const since = new Map<Peer, number>()
  const peers = Array.from({ length: 1000 }, (_, handle) => ({ handle }) as unknown as Peer)
  const watch = new SilenceWatch((peer) => {
    const at = since.get(peer)
    return at === undefined ? 0 : performance.now() - at
  })
  const news: number[] = []
  const start = performance.now()
  const listen = () => watch.listen(() => news.push(Math.round(performance.now() - start)))
  const ask = (index: number) => {
    const peer = peers[index] as Peer
    if (!since.has(peer)) since.set(peer, performance.now())
    watch.note(peer)
  }
  return { news, listen, ask, answer: (index: number) => since.delete(peers[index] as Peer) }
}

test('a peer that does not answer is reported after 2 s, one that does is not', () => {
  const { news, listen, ask, answer } = bench()
  listen()
  ask(0)
  vi.advanceTimersByTime(500)
  ask(1)
  answer(1)
  vi.advanceTimersByTime(60_000)
  expect(news).toEqual([2000])
  // Each repeated initiation counts again.
  ask(0)
  vi.advanceTimersByTime(60_000)
  expect(news).toHaveLength(2)
})

test('the silence that counts is the one that lasts', () => {
  const { news, listen, ask, answer } = bench()
  listen()
  ask(0)
  vi.advanceTimersByTime(1500)
  answer(0)
  ask(0)
  vi.advanceTimersByTime(60_000)
  expect(news).toEqual([3500])
})

test('a thousand peers make no more than one call per second', () => {
  const { news, listen, ask } = bench()
  listen()
  for (let index = 0; index < 1000; index++) {
    ask(index)
    vi.advanceTimersByTime(10)
  }
  vi.advanceTimersByTime(10_000)
  expect(news.length).toBeLessThanOrEqual(13)
  expect(news.length).toBeGreaterThan(5)
})

test('nothing is noted for nobody', () => {
  const { news, listen, ask } = bench()
  const stop = listen()
  ask(0)
  stop()
  expect(vi.getTimerCount()).toBe(0)
  ask(1)
  expect(vi.getTimerCount()).toBe(0)
  expect(news).toEqual([])
})
