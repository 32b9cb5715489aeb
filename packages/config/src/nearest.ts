// SPDX-License-Identifier: MIT

/**
 * Returns the candidate that differs least from `word`, ignoring letter case, or undefined if none is close enough: at
 * most one difference in three characters.
 */
export const nearest = (word: string, candidates: readonly string[]): string | undefined => {
  let best: string | undefined
  let bestDistance = Math.floor(Math.max(word.length, 3) / 3) + 1
  for (const candidate of candidates) {
    // The difference in length alone is already too large.
    if (Math.abs(word.length - candidate.length) >= bestDistance || word.length > 2 * candidate.length)
      continue
    const distance = differences(word.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal string alignment). */
const differences = (a: string, b: string): number => {
  let before: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const replace = (previous[column - 1] as number) + (a[row - 1] === b[column - 1] ? 0 : 1)
      let cost = Math.min(replace, (previous[column] as number) + 1, (current[column - 1] as number) + 1)
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      if (swapped) cost = Math.min(cost, (before[column - 2] as number) + 1)
      current.push(cost)
    }
    before = previous
    previous = current
  }
  return previous[b.length] as number
}
