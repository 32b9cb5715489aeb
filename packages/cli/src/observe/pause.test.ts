// SPDX-License-Identifier: MIT
import { afterEach, expect, test, vi } from 'vitest'
import { pause } from './pause.ts'

vi.mock('node:timers/promises', () => ({
  setTimeout: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
}))
afterEach(() => vi.useRealTimers())

test('thirty days are thirty days, although a timer takes twenty-four', async () => {
  vi.useFakeTimers()
  let over = false
  const waiting = pause(30 * 86_400).then(() => {
    over = true
  })
  await vi.advanceTimersByTimeAsync(29.9 * 86_400_000)
  expect(over).toBe(false)
  await vi.advanceTimersByTimeAsync(0.2 * 86_400_000)
  await waiting
  expect(over).toBe(true)
})
