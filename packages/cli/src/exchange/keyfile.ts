// SPDX-License-Identifier: MIT
import { type Foreign, refuseControls, refuseLine } from './foreign.ts'
import { eachLine } from './lines.ts'
import type { ForeignEntry, ForeignSection } from './unit-file.ts'

/**
 * Reads a NetworkManager keyfile (nm-settings-keyfile(5), GLib's key files): `#` begins a comment only at the beginning
 * of a line, `\s \n \t \r \\` are escapes, quotes have no special meaning. Sections with the same name are merged.
 * Raises `E_IMPORT` for a line that GLib refuses, except a comment that begins with `;`, and for a value with control
 * characters, including those from escapes.
 */
export const readKeyfile = (text: string, file: string): ForeignSection[] => {
  const sections = new Map<string, ForeignSection & { entries: ForeignEntry[]; comments: Foreign[] }>()
  let current: ForeignEntry[] | undefined
  eachLine(text, (raw, number) => {
    const line = raw.trimStart()
    if (line === '' || /^[#;]/.test(line)) return
    const header = /^\[([^\]]*)\]\s*$/.exec(line)?.[1]
    const equals = raw.indexOf('=')
    const place = { file, line: number, column: raw.length - line.length + 1 }
    if (header !== undefined) {
      const section = sections.get(header) ?? {
        name: header,
        at: { ...place, column: place.column + 1 },
        entries: [],
        comments: [],
      }
      sections.set(header, section)
      current = section.entries
    } else if (
      current === undefined ||
      line.startsWith('[') ||
      raw.slice(0, Math.max(equals, 0)).trim() === ''
    ) {
      refuseLine(place)
    } else {
      const behind = raw.slice(equals + 1)
      const column = equals + 2 + (behind.length - behind.trimStart().length)
      const written = { text: behind.trim(), at: { file, line: number, column } }
      refuseControls(written)
      const value = { ...written, text: unescaped(written.text) }
      refuseControls(value)
      current.push({ key: raw.slice(0, equals).trim(), value })
    }
  })
  return [...sections.values()]
}

const escapes: Record<string, string> = { s: ' ', n: '\n', t: '\t', r: '\r', '\\': '\\' }

/** Keeps escapes that GLib does not define, and the `\;` of lists, for the code that reads the value. */
const unescaped = (text: string): string =>
  text.replace(/\\(.)/gs, (whole, character: string) => escapes[character] ?? whole)

/** Escapes a value for a keyfile. */
export const escapedForKeyfile = (text: string): string =>
  text.replaceAll('\\', '\\\\').replace(/^ +/, (blanks) => '\\s'.repeat(blanks.length))

/** The items of a list, which end in `;`; commas and blanks, which users write too, also separate them. */
export const itemsOf = ({ text, at }: Foreign): Foreign[] =>
  [...text.matchAll(/[^;,\t ]+/g)].map((match) => ({
    text: match[0],
    at: { ...at, column: at.column + match.index },
  }))
