// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'

const unitMs: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  y: 365 * 86_400_000,
}

/** Returns the value of `# Expires` for a duration from now: `90m`, `12h`, `30d`, `2w`, `1y`. Raises `E_USAGE`. */
export const expiresIn = (text: string, nowMs: number): string => {
  const match = /^([0-9]{1,6})\s*([mhdwy])$/.exec(text.trim())
  const unit = unitMs[match?.[2] ?? '']
  if (!match || unit === undefined || Number(match[1]) === 0)
    throw new WgqError('E_USAGE', `--in takes a number with its unit, found ${JSON.stringify(text)}`, {
      hint: 'm minutes, h hours, d days, w weeks, y years: --in 30d',
    })
  const timeMs = nowMs + Number(match[1]) * unit
  if (timeMs <= latestMs) return written(timeMs)
  throw new WgqError('E_USAGE', `--in reaches up to the year 9999, found ${JSON.stringify(text)}`, {
    hint: '`wgq peer expire NAME PEER --never` takes the date away',
  })
}

/**
 * Returns the value of `# Expires` for a date, or a date and time, in this machine's time zone unless it names one.
 * Raises `E_USAGE`.
 */
export const expiresAt = (text: string): string => {
  const timeMs = expiryMs(text)
  if (timeMs !== undefined && isInCalendar(text)) return written(timeMs)
  throw new WgqError('E_USAGE', `--at takes a date, found ${JSON.stringify(text)}`, {
    hint: 'for example --at 2027-01-31 or --at 2027-01-31T18:00',
  })
}

/** Returns whether the day of a date exists: `Date` reads 2027-02-30 as the second of March. */
export const isInCalendar = (text: string): boolean => {
  const day = text.trim().slice(0, 10)
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day)
}

/** Returns whether the time of an `# Expires` line has passed; never true for a text that is not a date. */
export const hasExpired = (text: string, nowMs: number): boolean => (expiryMs(text) ?? nowMs + 1) <= nowMs

/** Milliseconds since 1970 of `2027-01-31` (its end, UTC) or `2027-01-31T18:00[Z]`; undefined for anything else. */
export const expiryMs = (text: string): number | undefined => {
  const trimmed = text.trim().replace(/^(\S+) (\d)/, '$1T$2')
  if (!/^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?)?$/.test(trimmed))
    return undefined
  const isDay = !trimmed.includes('T')
  const timeMs = Date.parse(isDay ? `${trimmed}T23:59:59Z` : trimmed)
  return Number.isNaN(timeMs) ? undefined : timeMs
}

/** Later years have more than four digits, which {@link expiryMs} does not read. */
const latestMs = Date.parse('9999-12-31T23:59:59Z')

const written = (timeMs: number): string => new Date(timeMs).toISOString().replace(/\.\d+Z$/, 'Z')
