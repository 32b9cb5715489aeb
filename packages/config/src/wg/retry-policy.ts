// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'
import { foundValue } from './fault.ts'

const firstDelayMicroseconds = 1_000_000
const mostDelayMicroseconds = 20_000_000

/** Returns the number of lookup retries, from WG_ENDPOINT_RESOLUTION_RETRIES (spec wg §6.7). Raises `E_ENVIRONMENT`. */
export const readRetries = (value: string | undefined): number => {
  if (value === undefined) return 15
  if (value === 'infinity') return Number.POSITIVE_INFINITY
  const match = /^(?:[\t-\r ]*\+?([0-9]+))?$/.exec(value)
  const count = match ? Number(match[1] ?? 0) : Number.NaN
  if (count <= 0x7fffffff) return count
  throw new WgqError(
    'E_ENVIRONMENT',
    `WG_ENDPOINT_RESOLUTION_RETRIES is a number or "infinity", found ${foundValue(value)}`,
    {
      wgText: `Unable to parse WG_ENDPOINT_RESOLUTION_RETRIES: \`${value}'`,
    },
  )
}

/** The pauses between attempts, in microseconds: 1 s, then a fifth more each time, at most 20 s. */
export const retryDelays = function* (retries: number): Generator<number> {
  let delay = firstDelayMicroseconds
  for (let i = 0; i < retries; i++) {
    yield delay
    delay = Math.min(Math.floor((delay * 6) / 5), mostDelayMicroseconds)
  }
}
