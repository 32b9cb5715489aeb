// SPDX-License-Identifier: MIT
import type { Document, Line } from './document.ts'
import { outline } from './outline.ts'

/** A comment in the [Interface] section that configures wgq: `# ClientDNS = 10.8.0.1`. wg and wg-quick ignore it. */
export interface Directive {
  /** Lower case. */
  readonly key: string
  readonly value: string
  /** 1-based. */
  readonly line: number
}

/** Returns every `# Key = value` of the [Interface] sections, with any key, in file order. */
export const interfaceDirectives = (document: Document): Directive[] => directivesOf(document, true)

/** Returns every `# Key = value` outside the [Interface] sections; `up` reads none of them. */
export const directivesElsewhere = (document: Document): Directive[] => directivesOf(document, false)

const directivesOf = ({ lines }: Document, ofInterface: boolean): Directive[] => {
  const found: Directive[] = []
  let inInterface = false
  for (const line of lines) {
    // Up to the next header: comments right above that header were meant for the interface too.
    const first = line.text.trimStart()[0]
    if (first === '[') inInterface = /^\s*\[\s*interface\s*\]/i.test(line.text)
    else if (first === '#' && inInterface === ofInterface) found.push(...directiveOf(line))
  }
  return found
}

/** Returns the value of the last directive with a key; undefined if there is none or the value is empty. */
export const directiveValue = (directives: readonly Directive[], key: string): string | undefined =>
  directives.findLast((directive) => directive.key === key.toLowerCase())?.value || undefined

/**
 * Returns the document with a directive set: in place if it exists, else after the last line of the first [Interface].
 */
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
