// SPDX-License-Identifier: MIT

type Modules = ReadonlyArray<readonly boolean[]>

/**
 * Counts the places outside the three corners that look like a finder pattern to a decoder: dark, light, dark, light,
 * dark as 1:1:3:1:1, each within half a module, along a row and along the column through its middle. A decoder that
 * mistakes one of them for a corner does not find the code at all.
 */
export const falseFinders = (modules: Modules): number => {
  const size = modules.length
  const columns = modules.map((_, x) => centres(modules.map((row) => row[x] as boolean)))
  const rows = modules.map((row) => centres(row))
  let count = 0
  rows.forEach((found, y) => {
    for (const along of found) {
      if (isCorner(along.at, y, size)) continue
      const x = Math.floor(along.at)
      const across = columns[x]?.find((one) => Math.abs(one.at - y - 0.5) <= one.middle / 2)
      if (!across || !isAlike(along, across)) continue
      const again = rows[Math.floor(across.at)]?.find((one) => Math.abs(one.at - x - 0.5) <= one.middle / 2)
      if (again && isAlike(along, again)) count++
    }
  })
  return count
}

/**
 * Position of the middle of a 1:1:3:1:1 pattern on a line, and the lengths of its middle run and of all five; in
 * modules.
 */
interface Centre {
  readonly at: number
  readonly middle: number
  readonly total: number
}

/** Decoders reject lengths that differ by two fifths. */
const isAlike = (one: Centre, other: Centre): boolean => 5 * Math.abs(one.total - other.total) < 2 * one.total

const centres = (line: readonly boolean[]): Centre[] => {
  const found: Centre[] = []
  const lengths: number[] = []
  const starts: number[] = []
  line.forEach((dark, x) => {
    if (x > 0 && dark === line[x - 1]) {
      lengths[lengths.length - 1] = (lengths.at(-1) as number) + 1
    } else {
      lengths.push(1)
      starts.push(x)
    }
  })
  for (let i = 0; i + 5 <= lengths.length; i++) {
    if (!line[starts[i] as number]) continue
    const five = lengths.slice(i, i + 5)
    if (!isFinder(five, 0.5)) continue
    const middle = five[2] as number
    const total = five.reduce((sum, length) => sum + length, 0)
    found.push({ at: (starts[i + 2] as number) + middle / 2, middle, total })
  }
  return found
}

/** Whether runs match 1:1:3:1:1: each within a fraction of a module, and the middle one within three times that. */
const isFinder = (runs: readonly number[], tolerance: number): boolean => {
  const unit = runs.reduce((sum, length) => sum + length, 0) / 7
  return runs.every((length, i) =>
    i === 2
      ? Math.abs(length - 3 * unit) < 3 * unit * tolerance
      : length > 0 && Math.abs(length - unit) < unit * tolerance,
  )
}

const isCorner = (x: number, y: number, size: number): boolean => {
  const low = (at: number): boolean => at < 8
  const high = (at: number): boolean => at >= size - 8
  return (low(x) && low(y)) || (high(x) && low(y)) || (low(x) && high(y))
}
