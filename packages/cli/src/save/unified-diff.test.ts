// SPDX-License-Identifier: MIT
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unifiedDiff } from './unified-diff.ts'

const numbered = (count: number, change: Record<number, string> = {}) =>
  Array.from({ length: count }, (_, index) => `${change[index + 1] ?? `line ${index + 1}`}\n`).join('')

test('nothing for equal texts', () => {
  expect(unifiedDiff(numbered(9), numbered(9))).toBe('')
  expect(unifiedDiff('', '')).toBe('')
})

test('changes with three lines around, near ones in one hunk, as diff -u prints them', () => {
  expect(unifiedDiff(numbered(30), numbered(30, { 5: 'new', 25: 'newer', 27: 'newest' }))).toBe(
    [
      ...[
        '@@ -2,7 +2,7 @@',
        ' line 2',
        ' line 3',
        ' line 4',
        '-line 5',
        '+new',
        ' line 6',
        ' line 7',
        ' line 8',
      ],
      ...['@@ -22,9 +22,9 @@', ' line 22', ' line 23', ' line 24', '-line 25', '+newer', ' line 26'],
      ...['-line 27', '+newest', ' line 28', ' line 29', ' line 30', ''],
    ].join('\n'),
  )
})

test('a text that begins, that ends, and one without its last newline', () => {
  expect(unifiedDiff('', 'a\nb\n')).toBe('@@ -0,0 +1,2 @@\n+a\n+b\n')
  expect(unifiedDiff('a\n', '')).toBe('@@ -1 +0,0 @@\n-a\n')
  expect(unifiedDiff('a\nb', 'a\nb\n')).toBe('@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n')
})

test('a file that is another one altogether', () => {
  const many = (word: string) => Array.from({ length: 5000 }, (_, index) => `${word} ${index}\n`).join('')
  const diff = unifiedDiff(many('old'), many('new'))
  expect(diff.startsWith('@@ -1,5000 +1,5000 @@\n-old 0\n')).toBe(true)
  expect(diff.match(/^[+-]/gm)).toHaveLength(10_000)
})

/** Applies hunks to a text like patch(1), strictly. */
const patched = (text: string, diff: string): string => {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? []
  const out: string[] = []
  let at = 0
  for (const hunk of diff.split(/^(?=@@ )/m).filter(Boolean)) {
    const [, begin = '', count = '1'] = /^@@ -(\d+)(?:,(\d+))? /.exec(hunk) ?? expect.fail(hunk)
    while (at < Number(begin) - (count === '0' ? 0 : 1)) out.push(lines[at++] as string)
    const body = hunk.slice(hunk.indexOf('\n') + 1).replace(/\n\\ No newline at end of file\n/g, '§')
    for (const row of body.match(/[^\n§]*[\n§]/g) ?? []) {
      const line = row.slice(1).replace('§', '')
      if (row[0] !== '+') expect(lines[at++]).toBe(line)
      if (row[0] !== '-') out.push(line)
    }
  }
  return [...out, ...lines.slice(at)].join('')
}

/** Length of the longest common subsequence, computed with the table. */
const common = (a: readonly string[], b: readonly string[]): number => {
  let row = new Array<number>(b.length + 1).fill(0)
  for (const left of a) {
    const next = [0]
    for (const [at, right] of b.entries())
      next.push(
        left === right ? (row[at] as number) + 1 : Math.max(row[at + 1] as number, next[at] as number),
      )
    row = next
  }
  return row.at(-1) as number
}

test('applied to the old text it makes the new one, and nothing is listed in vain', () => {
  const letters = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 24 })
  fc.assert(
    fc.property(letters, letters, fc.boolean(), (old, fresh, newline) => {
      const end = (list: readonly string[]) => list.map((word) => `${word}\n`).join('')
      const [before, after] = [end(old), newline ? end(fresh) : fresh.join('\n')]
      const diff = unifiedDiff(before, after)
      expect(patched(before, diff)).toBe(after)
      if (newline)
        expect(diff.match(/^[+-]/gm)?.length ?? 0).toBe(old.length + fresh.length - 2 * common(old, fresh))
    }),
    { numRuns: 2000 },
  )
})
