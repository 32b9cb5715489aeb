// SPDX-License-Identifier: MIT
import type { Document, Line } from './document.ts'
import { outline } from './outline.ts'

/** A comment of the [Interface] section that tells wgq something: `# ClientDNS = 10.8.0.1`. wg and wg-quick pass over it. */
export interface Directive {
  /** Lower case. */
  readonly key: string
  readonly value: string
  /** 1-based. */
  readonly line: number
}

/** Every `# Key = value` of the [Interface] sections, in the order of the file, whatever the key. */
export const interfaceDirectives = (document: Document): Directive[] => directivesOf(document, true)

/** Every `# Key = value` that is not in an [Interface] section: `up` reads none of them. */
export const directivesElsewhere = (document: Document): Directive[] => directivesOf(document, false)

const directivesOf = ({ lines }: Document, ofInterface: boolean): Directive[] => {
  const found: Directive[] = []
  let inInterface = false
  for (const line of lines) {
    // Up to the next header: also what is right above it was meant for the interface.
    const first = line.text.trimStart()[0]
    if (first === '[') inInterface = /^\s*\[\s*interface\s*\]/i.test(line.text)
    else if (first === '#' && inInterface === ofInterface) found.push(...directiveOf(line))
  }
  return found
}

/** The value of a directive, the last one of that key; undefined where there is none or it is empty. */
export const directiveValue = (directives: readonly Directive[], key: string): string | undefined =>
  directives.findLast((directive) => directive.key === key.toLowerCase())?.value || undefined

/** The document with a directive set: in place where it is there, else behind the last line of the first [Interface]. */
export const setDirective = (document: Document, key: string, value: string): Document => {
  const old = interfaceDirectives(document).findLast((directive) => directive.key === key.toLowerCase())
  const text = `# ${key} = ${value}`
  if (old)
    return { lines: document.lines.map((line) => (line.number === old.line ? { ...line, text } : line)) }
  const section = outline(document).find(({ kind }) => kind === 'interface')
  if (!section) return document
  let after = (section.entries.at(-1)?.index ?? section.header) + 1
  while (after < section.end && directiveOf(document.lines[after] as Line).length > 0) after++
  const ending = document.lines[section.header]?.ending || '\n'
  const before = document.lines
    .slice(0, after)
    .map((line) => (line.ending === '' ? { ...line, ending } : line))
  const lines = [...before, { number: 0, text, ending }, ...document.lines.slice(after)]
  return { lines: lines.map((line, index) => ({ ...line, number: index + 1 }) as Line) }
}

/** One directive, or none. */
const directiveOf = ({ text, number }: Line): Directive[] => {
  const match = /^\s*#+\s*([A-Za-z][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$/.exec(text)
  return match ? [{ key: (match[1] as string).toLowerCase(), value: match[2] as string, line: number }] : []
}
