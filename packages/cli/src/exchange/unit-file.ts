// SPDX-License-Identifier: MIT
import type { Position } from '@wgq/model/error'
import { type Foreign, refuseControls, refuseLine } from './foreign.ts'
import { eachLine } from './lines.ts'

/** A section to write, of a systemd unit or of a keyfile. Sections and keys may repeat, so neither is an object. */
export interface UnitSection {
  readonly name: string
  readonly entries: ReadonlyArray<readonly [key: string, value: string]>
  /** Printed as comments below the header. */
  readonly comments?: readonly string[]
}

/** A line of a parsed file. */
export interface ForeignEntry {
  readonly key: string
  readonly value: Foreign
}

/** A section of a parsed file. */
export interface ForeignSection {
  readonly name: string
  /** The position of the name in its header, the first one where sections were merged. */
  readonly at: Position
  readonly entries: readonly ForeignEntry[]
  /** The text of its comments, without `#`. */
  readonly comments: readonly Foreign[]
}

/** Prints sections; leaves out entries without a value and sections without entries. */
export const printUnit = (sections: readonly UnitSection[]): string =>
  sections
    .map(({ entries, ...rest }) => ({ ...rest, entries: entries.filter(([, value]) => value !== '') }))
    .filter(({ entries }) => entries.length > 0)
    .map(({ name, entries, comments = [] }) =>
      [
        `[${name}]`,
        ...comments.map((comment) => `# ${comment}`),
        ...entries.map(([key, value]) => `${key}=${value}`),
        '',
      ].join('\n'),
    )
    .join('\n')

/**
 * Reads a unit as systemd does (systemd.syntax(7)): comments begin with `#` or `;`; a backslash at the end of a line
 * joins the next one, skipping comments in between. Lines that systemd ignores are reported as lost. Raises `E_IMPORT`
 * for a header that systemd refuses, and for a value with control characters.
 */
export const readUnit = (text: string, file: string, lost: string[]): ForeignSection[] => {
  const sections: Array<ForeignSection & { entries: ForeignEntry[]; comments: Foreign[] }> = []
  let begun = ''
  let begunAt = 0
  // A backslash at the very end of the file joins an empty line.
  eachLine(`${text}\n`, (raw, number) => {
    const trimmed = raw.trim()
    if (/^[#;]/.test(trimmed)) {
      const value = { text: trimmed.slice(1).trim(), at: { file, line: number, column: 1 } }
      sections.at(-1)?.comments.push(value)
      return
    }
    if (begun === '') begunAt = number
    if (raw.endsWith('\\')) {
      begun += `${raw.slice(0, -1)} `
      return
    }
    const line = begun + raw
    begun = ''
    const header = /^\s*\[([^\]]*)\]\s*$/.exec(line)?.[1]
    const equals = line.indexOf('=')
    const place = { file, line: begunAt, column: line.length - line.trimStart().length + 1 }
    if (header !== undefined)
      sections.push({
        name: header,
        at: { ...place, column: place.column + 1 },
        entries: [],
        comments: [],
      })
    else if (line.trimStart().startsWith('[')) refuseLine(place)
    else if (line.trim() !== '' && (equals <= 0 || sections.length === 0))
      lost.push(
        `line ${begunAt} of ${file}: ${equals > 0 ? 'it is above the first section' : 'it has no "KEY="'}`,
      )
    else if (equals > 0) {
      const behind = line.slice(equals + 1)
      const column = equals + 2 + (behind.length - behind.trimStart().length)
      const value = { text: behind.trim(), at: { file, line: begunAt, column } }
      refuseControls(value)
      sections.at(-1)?.entries.push({ key: line.slice(0, equals).trim(), value })
    }
  })
  return sections
}

/** The words of a value, separated by white space or by `separators`, each with its position. */
export const wordsOf = ({ text, at }: Foreign, separators = /[^\t ]+/g): Foreign[] =>
  [...text.matchAll(separators)].map((match) => ({
    text: match[0],
    at: { ...at, column: at.column + match.index },
  }))
