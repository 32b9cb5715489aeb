// SPDX-License-Identifier: MIT
import type { Paint } from './colour.ts'

/** Formats `1 hour, 1 minute, 1 second`: years have 365 days, zero parts are left out (spec wg §2.2). */
export const formatSpan = (seconds: bigint, paint: Paint): string => {
  const parts: string[] = []
  let left = seconds
  for (const [unit, size] of units) {
    const count = left / size
    left %= size
    if (count > 0n) parts.push(`${count} ${paint.cyan(count === 1n ? unit : `${unit}s`)}`)
  }
  return parts.join(', ')
}

/** The age of a handshake by the wall clock. Both times are whole seconds since 1970. */
export const formatAgo = (nowSeconds: bigint, thenSeconds: bigint, paint: Paint): string => {
  if (nowSeconds === thenSeconds) return 'Now'
  if (nowSeconds < thenSeconds)
    return `(${paint.red('System clock wound backward; connection problems may ensue.')})`
  return `${formatSpan(nowSeconds - thenSeconds, paint)} ago`
}

/** Formats `1.50 KiB`: whole bytes below 1024, else two decimals up to TiB (spec wg §2.2). */
export const formatBytes = (bytes: bigint, paint: Paint): string => {
  if (bytes < 1024n) return `${bytes} ${paint.cyan('B')}`
  let index = 0
  while (index < 3 && bytes >= 1n << BigInt(10 * (index + 2))) index++
  // A double has 53 bits, as in the C program: 2^64-1 is shown as 16777216.00 TiB.
  return `${(Number(bytes) / 1024 ** (index + 1)).toFixed(2)} ${paint.cyan(binaryUnits[index] as string)}`
}

const binaryUnits = ['KiB', 'MiB', 'GiB', 'TiB']
const units: readonly (readonly [string, bigint])[] = [
  ['year', 31_536_000n],
  ['day', 86_400n],
  ['hour', 3_600n],
  ['minute', 60n],
  ['second', 1n],
]
