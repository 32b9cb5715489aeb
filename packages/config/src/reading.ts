// SPDX-License-Identifier: MIT

// wg and wg-quick read the same line differently (spec wg §5.1, spec wg-quick §3): wg cuts at the first `#` and removes
// white space everywhere, wg-quick trims the ends and keeps `#` in hooks. Both know ASCII only: `String.trim` and
// `toLowerCase` would also touch other scripts.

/** A piece of a line: its text and the 1-based column where it begins. */
export interface Span {
  readonly text: string
  readonly column: number
}

/** One line as wg-quick reads it. Without `=`, key and values are the whole line. */
interface QuickLine {
  readonly key: Span
  /** After the first `=`, cut at the first `#`. */
  readonly value: Span
  /** After the first `=`, with `#` and what follows: the value of a hook. */
  readonly hook: Span
}

/** One line as wg reads it: comment and all white space removed; empty for a blank line. */
interface WgLine {
  /** As wg's messages quote it. */
  readonly clean: string
  /** Text before the first `=`; undefined without `=` or where nothing follows it (wg: "Line unrecognized"). */
  readonly key?: string
  readonly value?: string
}

/** ASCII lower case; every other character stays. */
export const lower = (text: string): string =>
  plain.test(text) ? text.toLowerCase() : text.replace(/[A-Z]+/g, (upper) => upper.toLowerCase())

/** ASCII only: `toLowerCase` changes no characters but A to Z. */
const plain = /^[\0-\x7f]*$/

/** The span with ASCII white space (9 to 13, 32) removed from both ends. */
export const trimSpan = (text: string, column: number): Span => trimPart(text, 0, text.length, column)

/** The same for a part of a text; `column` is that of the start of the text. */
const trimPart = (text: string, from: number, to: number, column: number): Span => {
  let start = from
  let end = to
  while (start < end && isSpace(text.charCodeAt(start))) start++
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--
  return { text: text.slice(start, end), column: column + start }
}

/** wg-quick's reading of a line (spec wg-quick §3, steps 2 to 5). Columns count in `text` as given. */
export const readQuickLine = (text: string): QuickLine => {
  const hash = text.indexOf('#')
  const end = hash < 0 ? text.length : hash
  const first = text.indexOf('=')
  const equals = first < end ? first : -1
  const value = trimPart(text, equals + 1, end, 1)
  return {
    key: trimPart(text, 0, equals < 0 ? end : equals, 1),
    value,
    hook: hash < 0 ? value : trimPart(text, first + 1, text.length, 1),
  }
}

/** wg's reading of a line (spec wg §5.1, steps 1 to 6). */
export const readWgLine = (text: string): WgLine => {
  // A NUL byte ends the line for wg.
  let end = 0
  let isClean = true
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end)
    if (code === 0 || code === 35) break
    if (isSpace(code)) isClean = false
  }
  const said = end === text.length ? text : text.slice(0, end)
  const clean = isClean ? said : said.replace(/[\t-\r ]+/g, '')
  const equals = clean.indexOf('=')
  if (equals < 0 || equals === clean.length - 1) return { clean }
  return { clean, key: clean.slice(0, equals), value: clean.slice(equals + 1) }
}

const isSpace = (code: number): boolean => code === 32 || (code >= 9 && code <= 13)
