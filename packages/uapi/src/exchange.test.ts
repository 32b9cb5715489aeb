// SPDX-License-Identifier: MIT
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Connection, ConnectionListener } from './connection.ts'
import { exchange } from './exchange.ts'

/** A connection that answers at once. */
const answering = (): Connection => {
  let listener: ConnectionListener | undefined
  return {
    hear: (its) => {
      listener = its
    },
    send: () => listener?.piece(Buffer.from('errno=0\n\n')),
    close: () => {},
  }
}

/** How long a daemon might have taken. */
const patienceFor = async (request: string, expected?: number): Promise<number | undefined> => {
  const timers = vi.spyOn(globalThis, 'setTimeout')
  try {
    await exchange(answering(), request, () => {}, expected)
    return timers.mock.calls[0]?.[1]
  } finally {
    timers.mockRestore()
  }
}

let before: string | undefined
beforeEach(() => {
  before = process.env['WGQ_SOCKET_TIMEOUT']
  delete process.env['WGQ_SOCKET_TIMEOUT']
})
afterEach(() => {
  if (before !== undefined) process.env['WGQ_SOCKET_TIMEOUT'] = before
})

test('a daemon has 5 s to answer, and a second more for every 100 kB of request or expected reply', async () => {
  expect(await patienceFor('get=1\n\n')).toBeCloseTo(5000, -1)
  expect(await patienceFor(`set=1\n${'x'.repeat(300_000)}\n\n`)).toBeCloseTo(8000, -1)
  expect(await patienceFor('get=1\n\n', 1_500_000)).toBeCloseTo(20_000, -1)
})
