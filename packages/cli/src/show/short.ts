// SPDX-License-Identifier: MIT
import type { Key } from '@wgq/model/key'

/** The beginning of a key, long enough to distinguish it from others. */
export const shortKey = (key: Key): string => `${key.slice(0, 12)}…`

/** Formats `42s`, `3m5s`, `2h10m`, `5d`; `ahead` for a time in the future. */
export const shortAge = (seconds: number): string => {
  if (seconds < 0) return 'ahead'
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${seconds % 60}s`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h${Math.floor((seconds % 3600) / 60)}m`
  return `${Math.floor(seconds / 86_400)}d`
}

/** Formats `512 B`, `1.5 MiB`: one decimal from KiB on. */
export const shortBytes = (bytes: number): string => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}
