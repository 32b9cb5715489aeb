// SPDX-License-Identifier: MIT
import type { Document } from '../document.ts'

/** What a line of a peer that is switched off begins with; pivpn writes the same. */
const mark = '#[disabled] '

/** Says whether a line belongs to a peer that is switched off. */
export const isDisabledLine = (text: string): boolean => text.startsWith(mark.trimEnd())

/** The line as a comment; a line without anything on it stays. */
export const disabledLine = (text: string): string => (text.trim() === '' ? text : mark + text)

/** The line as it was before {@link disabledLine}; any other line stays. */
export const enabledLine = (text: string): string =>
  text.startsWith(mark) ? text.slice(mark.length) : isDisabledLine(text) ? text.slice(mark.length - 1) : text

/** The document with every peer switched on; its lines keep their places. */
export const withDisabledPeers = (document: Document): Document =>
  document.lines.some(({ text }) => isDisabledLine(text))
    ? { lines: document.lines.map((line) => ({ ...line, text: enabledLine(line.text) })) }
    : document
