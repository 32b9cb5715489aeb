// SPDX-License-Identifier: MIT
import type { Key } from '@wgq/model/key'
import type { Document, Line } from './document.ts'
import { publicKeyOf } from './names.ts'
import type { Entry, Section } from './outline.ts'
import { isComment, outline } from './outline.ts'
import { isDisabledLine } from './peers/disabled.ts'
import { lower, readWgLine } from './reading.ts'

/** The section that an edit changes: the interface's, or that of the peer with this public key. */
export type Target = 'interface' | Key

/** A peer to append: its keys in order, PublicKey first by custom. */
interface NewPeer {
  /** Written as `# Name = …`. */
  readonly name?: string
  readonly values: ReadonlyArray<readonly [key: string, value: string]>
}

/**
 * Changes a document and keeps everything else: comments, order, spacing, line endings. Edits refer to the original
 * document; `finish` returns the new one.
 */
export class Edit {
  readonly #document: Document
  /** Index of the last line before the first section that has a header. */
  readonly #preambleEnd: number
  readonly #interface: Section[] = []
  readonly #peers = new Map<Key, Section[]>()
  /** New text of lines by index; undefined removes the line. */
  readonly #replaced = new Map<number, string | undefined>()
  /** Lines to insert after the line of that index; -1 is the top. */
  readonly #inserted = new Map<number, string[]>()
  #newInterface: string[] | undefined

  constructor(document: Document) {
    this.#document = document
    const sections = outline(document)
    this.#preambleEnd = (sections[0]?.end ?? 0) - 1
    for (const section of sections) {
      if (section.kind === 'interface') this.#interface.push(section)
      const key = section.kind === 'peer' ? publicKeyOf(section) : undefined
      if (key !== undefined) this.#peers.set(key, [...(this.#peers.get(key) ?? []), section])
    }
  }

  /** The public keys of the document's peers, in file order. */
  peers(): Key[] {
    return [...this.#peers.keys()]
  }

  /** The value of a key as wg reads it (the last one wins); undefined if the key is missing. */
  get(target: Target, key: string): string | undefined {
    return this.#entries(target, key).at(-1)?.value.text
  }

  /** The values of a list key (Address, AllowedIPs, DNS), collected from all its lines. */
  list(target: Target, key: string): string[] {
    return this.#entries(target, key).flatMap((entry) => items(entry.value.text))
  }

  /** Sets a single-valued key in place, or appends it to the section if it is missing. */
  set(target: Target, key: string, value: string): void {
    const last = this.#entries(target, key).at(-1)
    if (!last) this.#append(target, key, value)
    else if (last.value.text !== value) this.#replaced.set(last.index, withValue(last, value))
  }

  /** Gives every line of a key the same value. */
  setEach(target: Target, key: string, value: string): void {
    for (const entry of this.#entries(target, key)) this.#replaced.set(entry.index, withValue(entry, value))
  }

  /** Removes every line of a key. */
  remove(target: Target, key: string): void {
    for (const entry of this.#entries(target, key)) this.#replaced.set(entry.index, undefined)
  }

  /**
   * Makes the values of a list key equal `wanted`, touching only lines that lose or gain a value. Values with equal
   * `canonical` forms count as equal (`10.0.0.1/8` and `10.0.0.0/8`).
   */
  setList(target: Target, key: string, wanted: readonly string[], canonical = lower): void {
    const entries = this.#entries(target, key)
    const asked = new Set(wanted.map(canonical))
    const present = new Set(this.list(target, key).map(canonical))
    const kept = entries.map((entry) => items(entry.value.text).filter((item) => asked.has(canonical(item))))
    const added = [...new Map(wanted.map((item) => [canonical(item), item]))]
      .filter(([form]) => !present.has(form))
      .map(([, item]) => item)
    const home = entries.at(-1)
    entries.forEach((entry, at) => {
      const now = [...(kept[at] as string[]), ...(entry === home ? added : [])]
      if (now.length === 0) this.#replaced.set(entry.index, undefined)
      else if (now.length !== items(entry.value.text).length || (entry === home && added.length > 0)) {
        this.#replaced.set(entry.index, withValue(entry, now.join(', ')))
      }
    })
    if (!home && added.length > 0) this.#append(target, key, added.join(', '))
  }

  /** Appends a peer at the end, after a blank line. */
  addPeer(peer: NewPeer): void {
    const { lines } = this.#document
    const style = styleOf([...this.#peers.values()].flat().at(-1) ?? this.#interface[0])
    const texts = ['[Peer]', ...(peer.name === undefined ? [] : [`# Name = ${peer.name}`])]
    for (const [key, value] of peer.values) texts.push(style.indent + key + style.equals + value)
    const last = lines.at(-1)
    const apart = this.#inserted.has(lines.length - 1) || (last && last.text.trim() !== '')
    this.#insert(lines.length - 1, [...(apart ? [''] : []), ...texts])
  }

  /**
   * Removes a peer: header, keys and the comments that belong to it. Comments after a blank line stay: they may be a
   * peer that was commented out.
   */
  removePeer(publicKey: Key): void {
    for (const section of this.#peers.get(publicKey) ?? []) {
      const { lines } = this.#document
      const textAt = (index: number): string => (lines[index] as Line).text
      let end = (section.entries.at(-1)?.index ?? section.header) + 1
      while (end < section.end && isComment(textAt(end)) && !isDisabledLine(textAt(end))) end++
      while (end < section.end && textAt(end).trim() === '') end++
      let { start } = section
      if (end === lines.length) while (start > 0 && textAt(start - 1).trim() === '') start--
      for (let index = start; index < end; index++) this.#replaced.set(index, undefined)
    }
  }

  /** The edited document. */
  finish(): Document {
    const { lines } = this.#document
    const newline = lines.find((line) => line.ending !== '')?.ending ?? '\n'
    const out: Array<Omit<Line, 'number'>> = []
    const insert = (after: number): void => {
      const first = after === this.#preambleEnd ? this.#newInterface : undefined
      for (const text of [...(first ?? []), ...(this.#inserted.get(after) ?? [])]) {
        const before = out.at(-1)
        if (before?.ending === '') out[out.length - 1] = { ...before, ending: newline }
        out.push({ text, ending: newline })
      }
    }
    insert(-1)
    lines.forEach((line, index) => {
      const text = this.#replaced.has(index) ? this.#replaced.get(index) : line.text
      if (text !== undefined) out.push({ text, ending: line.ending })
      insert(index)
    })
    return { lines: out.map((line, index) => ({ number: index + 1, ...line })) }
  }

  #sections(target: Target): readonly Section[] {
    return target === 'interface' ? this.#interface : (this.#peers.get(target) ?? [])
  }

  #entries(target: Target, key: string): Entry[] {
    const wanted = lower(key)
    return this.#sections(target).flatMap((section) =>
      section.entries.filter((entry) => entry.key === wanted && entry.hasEquals),
    )
  }

  #append(target: Target, key: string, value: string): void {
    const sections = this.#sections(target)
    const section = target === 'interface' ? sections[0] : sections.at(-1)
    if (section) {
      const { indent, equals } = styleOf(section)
      this.#insert(section.entries.at(-1)?.index ?? section.header, [indent + key + equals + value])
    } else if (target === 'interface') {
      this.#newInterface ??= ['[Interface]', '']
      this.#newInterface.splice(-1, 0, `${key} = ${value}`)
    }
  }

  #insert(after: number, texts: readonly string[]): void {
    const already = this.#inserted.get(after)
    if (already) already.push(...texts)
    else this.#inserted.set(after, [...texts])
  }
}

/** Returns the document with a peer appended; parses only its last section, so the cost does not grow with the file. */
export const appendPeer = ({ lines }: Document, peer: NewPeer): Document => {
  const from = Math.max(
    0,
    lines.findLastIndex(({ text }) => /^\s*\[/.test(text)),
  )
  const edit = new Edit({ lines: lines.slice(from) })
  edit.addPeer(peer)
  const end = edit.finish().lines.map((line, at) => ({ ...line, number: from + at + 1 }))
  return { lines: [...lines.slice(0, from), ...end] }
}

/** The values of a list, separated by commas or white space. */
const items = (text: string): string[] => text.split(/[,\t-\r ]+/).filter((item) => item !== '')

/** The line with another value; the text around the value stays. */
const withValue = ({ line, value }: Entry, next: string): string => {
  const from = value.column - 1
  const before = line.text.slice(0, from)
  const after = line.text.slice(from + value.text.length)
  if (value.text !== '') return before + next + after
  const space = before.endsWith('=') && /[\t ]=$/.test(before) ? ' ' : ''
  return before + space + next + (after.startsWith('#') ? ' ' : '') + after
}

/** The style of a section's lines (indentation and spacing around `=`), taken from its last key. */
const styleOf = (section: Section | undefined): { indent: string; equals: string } => {
  const line = section?.entries.findLast((entry) => entry.hasEquals && readWgLine(entry.line.text).key)?.line
  const match = line && /^([\t ]*)[^=\t ][^=]*?([\t ]*=[\t ]*)/.exec(line.text)
  return { indent: match?.[1] ?? '', equals: match?.[2] ?? ' = ' }
}
