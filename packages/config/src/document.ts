// SPDX-License-Identifier: MIT

/** One line as it is in the file; nothing of it is interpreted yet. */
export interface Line {
  /** 1-based. */
  readonly number: number
  /** Without the line ending. */
  readonly text: string
  /** Empty only for a last line that ends with the file. */
  readonly ending: '\n' | '\r\n' | ''
}

/** A configuration file as a list of lines: whatever is in the file is in here, so that printing gives it back. */
export interface Document {
  readonly lines: readonly Line[]
}

/** Cuts a text into lines. Never fails: every text is a document, and `printDocument` returns exactly that text. */
export const parseDocument = (text: string): Document => {
  const lines: Line[] = []
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start)
    const end = newline < 0 ? text.length : newline
    const crlf = newline > start && text[newline - 1] === '\r'
    const ending = newline < 0 ? '' : crlf ? '\r\n' : '\n'
    lines.push({ number: lines.length + 1, text: text.slice(start, crlf ? end - 1 : end), ending })
    start = newline < 0 ? text.length : newline + 1
  }
  return { lines }
}

/** The text of a document, byte for byte what was parsed. */
export const printDocument = (document: Document): string =>
  document.lines.map((line) => line.text + line.ending).join('')
