// SPDX-License-Identifier: MIT
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DeadlineHeap } from './deadline-heap.ts'

test('hands out what is due, earliest first, as a sorted list would', () => {
  const move = fc.tuple(fc.nat(9), fc.option(fc.nat(50), { nil: undefined }))
  fc.assert(
    fc.property(fc.array(move, { maxLength: 200 }), fc.nat(50), (moves, now) => {
      const items = Array.from({ length: 10 }, () => ({ scheduledAt: undefined as number | undefined }))
      const heap = new DeadlineHeap<(typeof items)[number]>()
      const model = new Map<number, number>()
      for (const [i, at] of moves) {
        heap.schedule(items[i] as (typeof items)[number], at)
        if (at === undefined) model.delete(i)
        else model.set(i, at)
      }
      const first = Math.min(...model.values())
      expect(heap.next()).toBe(model.size === 0 ? undefined : first)
      const taken: number[] = []
      for (let item = heap.take(now); item; item = heap.take(now))
        taken.push(model.get(items.indexOf(item)) as number)
      expect(taken).toEqual([...model.values()].filter((at) => at <= now).sort((a, b) => a - b))
    }),
  )
})
