// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { keepaliveTimeoutMs, rejectAfterMs, rekeyAfterMs, rekeyTimeoutMs } from './constants.ts'

const header = new URL('../../native/src/engine/limits.h', import.meta.url)
const limits = readFileSync(header, 'utf8')
/** A time constant of the packet engine, in milliseconds. */
const engineMs = (name: string): number =>
  Number(new RegExp(`\\b${name} = ([0-9]+) \\* second;`).exec(limits)?.[1]) * 1000

// spec protocol §4.3
test('times of the protocol are those of the paper, and the packet engine has the same', () => {
  expect({ rekeyAfterMs, rejectAfterMs, rekeyTimeoutMs, keepaliveTimeoutMs }).toEqual({
    rekeyAfterMs: 120_000,
    rejectAfterMs: 180_000,
    rekeyTimeoutMs: 5_000,
    keepaliveTimeoutMs: 10_000,
  })
  expect(engineMs('rekey_after')).toBe(rekeyAfterMs)
  expect(engineMs('reject_after')).toBe(rejectAfterMs)
  expect(engineMs('last_minute_after')).toBe(rejectAfterMs - keepaliveTimeoutMs - rekeyTimeoutMs)
})
