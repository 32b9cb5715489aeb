// SPDX-License-Identifier: MIT
import { isTerminal } from './terminal.ts'

/**
 * Columns of the terminal at a descriptor; undefined if it is none. Opens the stream, so avoid it on code paths of
 * scripts.
 */
export const terminalColumns = (descriptor: 1 | 2): number | undefined => {
  if (!isTerminal(descriptor)) return undefined
  const { columns } = (descriptor === 1 ? process.stdout : process.stderr) as { columns?: number }
  return columns !== undefined && columns > 0 ? columns : undefined
}

/**
 * Wraps a text at blanks to lines of at most `columns` characters. A command between backquotes stays in one piece, as
 * does a longer word. Lines after the first begin with `indent` blanks.
 */
export const wrapped = (text: string, columns: number | undefined, indent = 0): string => {
  if (columns === undefined || text.length <= columns) return text
  const pad = ' '.repeat(indent)
  const lines: string[] = []
  let line = ''
  for (const word of text.match(/^\s+|(?:`[^`]*`|[^\s`])+/g) ?? []) {
    const next = line === '' || line.trim() === '' ? line + word : `${line} ${word}`
    if (next.length > columns && line.trim() !== '') {
      lines.push(line)
      line = pad + word
    } else line = next
  }
  return [...lines, line].join('\n')
}
