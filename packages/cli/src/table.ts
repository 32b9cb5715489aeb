// SPDX-License-Identifier: MIT
import { visible } from '@wgq/model/shown'

/** A column of a readable table. */
export interface Column {
  readonly title: string
  /** Aligned right, for numbers. */
  readonly right?: boolean
  /** Minimum width on a narrow terminal; a column without it keeps its width. */
  readonly least?: number
}

/**
 * Formats a table, titles first: cells are two blanks apart and as wide as their content. If a row exceeds `columns`
 * characters, shrinks the widest column that may be shrunk, and cut text ends with `…`. Makes control characters
 * visible.
 */
export const tableLines = (
  shape: readonly Column[],
  cells: ReadonlyArray<readonly string[]>,
  columns = Number.POSITIVE_INFINITY,
): string[] => {
  const titles = shape.map(({ title }) => title)
  const rows = cells.map((row) => row.map(visible))
  const widths = titles.map((title, at) =>
    rows.reduce((most, row) => Math.max(most, (row[at] ?? '').length), title.length),
  )
  const gaps = 2 * (shape.length - 1)
  for (let over = widths.reduce((sum, width) => sum + width, gaps) - columns; over > 0; over--) {
    const widest = widestOf(shape, widths)
    if (widest === undefined) break
    widths[widest] = (widths[widest] as number) - 1
  }
  return [titles, ...rows].map((row) =>
    shape
      .map(({ right }, at) => cell(row[at] ?? '', widths[at] as number, right))
      .join('  ')
      .trimEnd(),
  )
}

const widestOf = (shape: readonly Column[], widths: readonly number[]): number | undefined => {
  let found: number | undefined
  for (const [at, { least, title }] of shape.entries()) {
    const width = widths[at] as number
    if (least === undefined || width <= Math.max(least, title.length)) continue
    if (found === undefined || width > (widths[found] as number)) found = at
  }
  return found
}

const cell = (text: string, width: number, right?: boolean): string => {
  const cut = text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text
  return right ? cut.padStart(width) : cut.padEnd(width)
}
