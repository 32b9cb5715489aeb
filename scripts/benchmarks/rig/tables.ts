// SPDX-License-Identifier: MIT

/** One row of a result: column names and values. */
export type Row = Readonly<Record<string, string | number>>

/** A Markdown table, with the columns of the row that has the most; missing cells are empty. */
const markdownTable = (rows: readonly Row[]): string => {
  const columns = rows
    .map((row) => Object.keys(row))
    .reduce((most, its) => (its.length > most.length ? its : most), [])
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`
  return [
    line(columns),
    line(columns.map(() => '---')),
    ...rows.map((row) => line(columns.map((column) => row[column] ?? ''))),
  ].join('\n')
}

const block = /<!-- measured: ([a-z-]+) -->\n(?:\|.*\n)*/g

/** The names of the results that a page shows: those after `<!-- measured: NAME -->`. */
export const measuredNames = (page: string): string[] =>
  [...page.matchAll(block)].map(([, name]) => name as string)

/** The page with the table of each name below its mark. */
export const withTables = (page: string, rowsOf: (name: string) => readonly Row[]): string =>
  page.replace(block, (_, name: string) => `<!-- measured: ${name} -->\n${markdownTable(rowsOf(name))}\n`)
