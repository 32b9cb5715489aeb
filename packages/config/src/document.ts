// SPDX-License-Identifier: MIT

/** One line of the file, uninterpreted. */
export interface Line {
  /** 1-based. */
  readonly number: number
  /** Without the line ending. */
  readonly text: string
  /** Empty only for a last line that ends with the file. */
  readonly ending: '\n' | '\r\n' | ''
}

/** A configuration file as a list of lines. It holds every byte of the file, so printing it reproduces the file. */
export interface Document {
  readonly lines: readonly Line[]
}

/** Splits a text into lines. Never fails: every text is a document, and `printDocument` returns exactly that text. */
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

/** Returns the text of a document, byte for byte as it was parsed. */
export const printDocument = (document: Document): string =>
  document.lines.map((line) => line.text + line.ending).join('')
