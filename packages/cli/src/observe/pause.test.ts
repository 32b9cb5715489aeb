// SPDX-License-Identifier: MIT
import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { pause } from './pause.ts'

test('pauses leave nothing on the signal that a long watch keeps', async () => {
  const { signal } = new AbortController()
  for (let round = 0; round < 3; round++) await pause(0, signal)
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

test('ends at once when it is stopped, also before it began', async () => {
  const controller = new AbortController()
  const waiting = pause(3600, controller.signal)
  controller.abort()
  await waiting
  await pause(3600, controller.signal)
})
