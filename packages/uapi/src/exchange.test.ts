// SPDX-License-Identifier: MIT
import { Duplex } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { exchange } from './exchange.ts'

/** A connection that answers at once, and notes how long it might have taken. */
class Connection extends Duplex {
  readonly patienceMs: number[] = []
  setTimeout(timeMs: number): this {
    this.patienceMs.push(timeMs)
    return this
  }
  override _read(): void {}
  override _write(_piece: Buffer, _encoding: string, done: () => void): void {
    done()
    this.push('errno=0\n\n')
  }
}

const patienceFor = async (request: string, expected?: number): Promise<number | undefined> => {
  const connection = new Connection()
  await exchange(connection as never, request, () => {}, expected)
  return connection.patienceMs[0]
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
