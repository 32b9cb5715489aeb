// SPDX-License-Identifier: MIT

/** Context lines shown around a change. */
const contextLines = 3

/**
 * Maximum number of changes in the comparison; beyond it, everything between the first and the last change is shown as
 * new.
 */
const mostSteps = 2000

/** A line of the old text (`-`), of the new one (`+`) or of both, with its newline if it has one. */
interface Step {
  readonly sign: ' ' | '-' | '+'
  readonly line: string
}

/**
 * The output of `diff -u` after its two lines of names: hunks with three lines of context; empty if the texts are
 * equal. `show` formats a line (without its newline).
 */
export const unifiedDiff = (
  before: string,
  after: string,
  show: (sign: Step['sign'], line: string) => string = (sign, line) => sign + line,
): string => {
  const steps = stepsBetween(linesOf(before), linesOf(after))
  return hunksOf(steps)
    .map(({ first, end }) => {
      const hunk = steps.slice(first, end)
      const head = `@@ -${range(steps, first, hunk, '+')} +${range(steps, first, hunk, '-')} @@\n`
      return head + hunk.map(({ sign, line }) => printed(show(sign, line.replace(/\n$/, '')), line)).join('')
    })
    .join('')
}

const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? []

const printed = (shown: string, line: string): string =>
  line.endsWith('\n') ? `${shown}\n` : `${shown}\n\\ No newline at end of file\n`

/**
 * `START,COUNT` of a hunk on the side that excludes lines with the sign `other`; a side without lines starts at the
 * line before.
 */
const range = (steps: readonly Step[], first: number, hunk: readonly Step[], other: '+' | '-'): string => {
  const on = (list: readonly Step[]) => list.filter(({ sign }) => sign !== other).length
  const [before, count] = [on(steps.slice(0, first)), on(hunk)]
  return `${count === 0 ? before : before + 1}${count === 1 ? '' : `,${count}`}`
}

/** The ranges of changes with their context; ranges that touch are merged. */
const hunksOf = (steps: readonly Step[]): { first: number; end: number }[] => {
  const hunks: { first: number; end: number }[] = []
  for (const [at, { sign }] of steps.entries()) {
    if (sign === ' ') continue
    const first = Math.max(0, at - contextLines)
    const end = Math.min(steps.length, at + 1 + contextLines)
    const last = hunks.at(-1)
    if (last && first <= last.end) last.end = end
    else hunks.push({ first, end })
  }
  return hunks
}

/** Merges both lists: the common beginning and end, and the fewest removals and additions in between. */
const stepsBetween = (before: readonly string[], after: readonly string[]): Step[] => {
  const shorter = Math.min(before.length, after.length)
  let head = 0
  while (head < shorter && before[head] === after[head]) head++
  let tail = 0
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++
  const same = (line: string): Step => ({ sign: ' ', line })
  return [
    ...before.slice(0, head).map(same),
    ...fewest(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(same),
  ]
}

/** The greedy algorithm of E. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986). */
const fewest = (before: readonly string[], after: readonly string[]): Step[] => {
  /** For each number of changes, how far each diagonal gets in `before`, starting with the one of only additions. */
  const reached: number[][] = []
  const most = Math.min(mostSteps, before.length + after.length)
  for (let changes = 0; changes <= most; changes++) {
    const furthest: number[] = []
    for (let diagonal = -changes; diagonal <= changes; diagonal += 2) {
      let old = changes === 0 ? 0 : start(reached[changes - 1] as number[], changes, diagonal)
      while (old < before.length && before[old] === after[old - diagonal]) old++
      furthest.push(old)
      if (old >= before.length && old - diagonal >= after.length)
        return wayBack(before, after, [...reached, furthest])
    }
    reached.push(furthest)
  }
  return [
    ...before.map((line): Step => ({ sign: '-', line })),
    ...after.map((line): Step => ({ sign: '+', line })),
  ]
}

/**
 * The start of `diagonal` after one change more than in `previous`: by an addition or, if that gets further, a removal.
 */
const start = (previous: readonly number[], changes: number, diagonal: number): number => {
  const added = previous[(diagonal + changes) / 2] ?? -1
  const removed = (previous[(diagonal + changes) / 2 - 1] ?? -1) + 1
  return Math.max(added, removed)
}

const wayBack = (
  before: readonly string[],
  after: readonly string[],
  reached: readonly (readonly number[])[],
): Step[] => {
  const steps: Step[] = []
  let [old, fresh] = [before.length, after.length]
  for (let changes = reached.length - 1; changes >= 0; changes--) {
    const diagonal = old - fresh
    const begin = changes === 0 ? 0 : start(reached[changes - 1] as number[], changes, diagonal)
    while (old > begin) {
      steps.push({ sign: ' ', line: before[--old] as string })
      fresh--
    }
    if (changes === 0) break
    const added = reached[changes - 1]?.[(diagonal + changes) / 2] === begin
    if (added) steps.push({ sign: '+', line: after[--fresh] as string })
    else steps.push({ sign: '-', line: before[--old] as string })
  }
  return steps.reverse()
}
