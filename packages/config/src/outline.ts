// SPDX-License-Identifier: MIT
import { directiveNames } from './directive-names.ts'
import type { Document, Line } from './document.ts'
import { isHookKey } from './file-keys.ts'
import { isDisabledLine } from './peers/disabled.ts'
import type { Span } from './reading.ts'
import { lower, readQuickLine, readWgLine, trimSpan } from './reading.ts'

/** A `Key = value` line, or one that should be: `hasEquals` is false where no `=` precedes a comment. */
export interface Entry {
  /** Index into the lines of the document. */
  readonly index: number
  readonly line: Line
  /** The key as written. */
  readonly name: Span
  /** The key as compared: lower case, without white space. */
  readonly key: string
  /** Trimmed, without comment; the value of a hook keeps `#`. */
  readonly value: Span
  readonly hasEquals: boolean
}

/** A header and the lines up to those that belong to the next header. Lines `start` to `end - 1` of the document. */
export interface Section {
  /** By wg's reading, which also accepts `[ Peer ]`. `none`: before the first header. */
  readonly kind: 'none' | 'interface' | 'peer' | 'other'
  /** The first line: the header, or the first of the comments directly above it. */
  readonly start: number
  /** Index of the header line; equals `start` for `none`. */
  readonly header: number
  readonly end: number
  readonly entries: readonly Entry[]
}

/** The sections of a document in order; the first has the kind `none` and may be empty. */
export const outline = (document: Document): Section[] => {
  const { lines } = document
  const headers = lines.flatMap((line, index) => (isHeader(line.text) ? [index] : []))
  const starts = headers.map((header) => leadStart(lines, header))
  const sections: Section[] = [section(lines, 'none', 0, 0, starts[0] ?? lines.length)]
  headers.forEach((header, at) => {
    const end = starts[at + 1] ?? lines.length
    sections.push(section(lines, headerKind(lines[header] as Line), starts[at] as number, header, end))
  })
  return sections
}

/** The comment of a line from `#` on; undefined when it has none. Not meaningful for hooks. */
export const commentOf = (text: string): Span | undefined => {
  const hash = text.indexOf('#')
  return hash < 0 ? undefined : trimSpan(text.slice(hash), hash + 1)
}

/** A line that holds only a comment. */
export const isComment = (text: string): boolean => /^[\t-\r ]*#/.test(text)

// The same result as wg's reading, without a full parse of every line.
const isHeader = (text: string): boolean => /^[\t-\r ]*\[/.test(text)

const headerKind = (line: Line): Section['kind'] => {
  const clean = lower(readWgLine(line.text).clean)
  if (clean === '[interface]') return 'interface'
  return clean === '[peer]' ? 'peer' : 'other'
}

/** Comments about the whole tunnel, even directly above a peer. */
const ofTheTunnel = new RegExp(`^[\\t ]*#+[\\t ]*(?:${directiveNames.join('|')})[\\t ]*=`, 'i')

/**
 * Comments directly above a header describe it, except for markers that end the previous section (`### end phone ###`),
 * lines of a disabled peer and, above a peer, comments about the whole tunnel.
 */
const leadStart = (lines: readonly Line[], header: number): number => {
  let start = header
  while (start > 0) {
    const text = (lines[start - 1] as Line).text
    if (!isComment(text) || isDisabledLine(text) || /^[\t ]*#+[\t ]*end\b/i.test(text)) break
    if (ofTheTunnel.test(text) && headerKind(lines[header] as Line) !== 'interface') break
    start--
  }
  return start
}

const section = (
  lines: readonly Line[],
  kind: Section['kind'],
  start: number,
  header: number,
  end: number,
): Section => {
  const entries: Entry[] = []
  for (let index = kind === 'none' ? start : header + 1; index < end; index++) {
    const line = lines[index] as Line
    const { clean } = readWgLine(line.text)
    if (clean !== '') entries.push(entry(line, index, clean))
  }
  return { kind, start, header, end, entries }
}

const entry = (line: Line, index: number, clean: string): Entry => {
  const { key: name, value, hook } = readQuickLine(line.text)
  const equals = clean.indexOf('=')
  const key = lower(equals < 0 ? clean : clean.slice(0, equals))
  return { index, line, name, key, value: isHookKey(key) ? hook : value, hasEquals: equals >= 0 }
}
