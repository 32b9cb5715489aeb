// SPDX-License-Identifier: MIT
import type { Document } from '../document.ts'

/** Prefix of each line of a disabled peer, as pivpn writes it. */
const mark = '#[disabled] '

/** Returns whether a line belongs to a disabled peer. */
export const isDisabledLine = (text: string): boolean => text.startsWith(mark.trimEnd())

/** Returns the line as a comment; a blank line stays. */
export const disabledLine = (text: string): string => (text.trim() === '' ? text : mark + text)

/** Undoes {@link disabledLine}; any other line stays. */
export const enabledLine = (text: string): string =>
  text.startsWith(mark) ? text.slice(mark.length) : isDisabledLine(text) ? text.slice(mark.length - 1) : text

/** Returns the document with every peer enabled; line numbers stay the same. */
export const withDisabledPeers = (document: Document): Document =>
  document.lines.some(({ text }) => isDisabledLine(text))
    ? { lines: document.lines.map((line) => ({ ...line, text: enabledLine(line.text) })) }
    : document
