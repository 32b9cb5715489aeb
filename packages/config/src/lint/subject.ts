// SPDX-License-Identifier: MIT
import type { Cidr } from '@wgq/model/cidr'
import { parseCidr } from '@wgq/model/cidr'
import type { Position } from '@wgq/model/error'
import type { Key } from '@wgq/model/key'
import { isKey } from '@wgq/model/key'
import type { Diagnostic } from '../diagnostic.ts'
import type { Document } from '../document.ts'
import { parseDocument, printDocument } from '../document.ts'
import type { PeerName } from '../names.ts'
import { peerNames, publicKeyOf } from '../names.ts'
import type { Entry, Section } from '../outline.ts'
import { outline } from '../outline.ts'
import type { Span } from '../reading.ts'
import { lower, trimSpan } from '../reading.ts'
import type { Settings } from '../settings.ts'
import { readSettings } from '../settings.ts'
import { PrefixTable } from './prefix-table.ts'

/** A file to check. */
export interface LintInput {
  readonly file: string
  readonly text: string
  /** `setconf`: the file is for `wg setconf`, which knows no keys of wg-quick. */
  readonly purpose: 'wg-quick' | 'setconf'
  /** Anyone may read the file and its directory; absent if this was not checked. */
  readonly worldAccessible?: boolean
}

/** Functions that the rules get from outside. */
export interface LintDependencies {
  /** The public key of a private key. */
  readonly publicKey: (privateKey: Key) => Key
  /** The shell's messages about the scripts that it cannot parse, by index; empty without a shell. */
  readonly shellFaults: (scripts: readonly string[]) => Iterable<readonly [index: number, fault: string]>
}

/** One allowed IP and where it is. */
export interface AllowedIp {
  readonly cidr: Cidr
  readonly span: Span
  readonly entry: Entry
}

/** A [Peer] section, prepared for the rules. */
export interface LintPeer {
  readonly section: Section
  readonly publicKey?: Key
  /** Its name in messages: the peer's name, else the beginning of its key. */
  readonly label: string
  /** Only those that could be parsed. */
  readonly allowedIps: readonly AllowedIp[]
}

/** A file prepared for the rules. */
export interface Subject extends LintInput {
  readonly document: Document
  readonly sections: readonly Section[]
  readonly interfaces: readonly Section[]
  readonly peers: readonly LintPeer[]
  /** The last section of each key. */
  readonly peersByKey: ReadonlyMap<Key, LintPeer>
  /** The allowed IPs of all peers; the first of equal prefixes. */
  readonly allowed: PrefixTable<AllowedIp>
  readonly names: readonly PeerName[]
  /** wg-quick's reading; SaveConfig is left out because a bad one would end it. */
  readonly settings: Settings
  /** Taken from a valid PrivateKey line. */
  readonly privateKey?: Key
  readonly publicKey?: Key
}

/** A rule looks at one file and returns what it finds, in the order of the file. */
export type Rule = (subject: Subject, dependencies: LintDependencies) => Diagnostic[]

/** Prepares a file for the rules; never fails. */
export const readSubject = (input: LintInput, dependencies: LintDependencies): Subject => {
  // Another rule reports the byte-order mark; here it is ignored.
  const text = input.text.replace(/^\ufeff/, '')
  const document = parseDocument(text)
  const sections = outline(document)
  const names = peerNames(document, input.file, sections)
  const labels = new Map(names.map(({ publicKey, name }) => [publicKey, name]))
  const interfaces = sections.filter((section) => section.kind === 'interface')
  const privateKey = lastValue(interfaces, 'privatekey')
  const peers = sections
    .filter((section) => section.kind === 'peer')
    .map((section) => readPeer(section, labels))
  return {
    ...input,
    document,
    sections,
    interfaces,
    peers,
    peersByKey: new Map(peers.flatMap((peer) => (peer.publicKey ? [[peer.publicKey, peer]] : []))),
    allowed: new PrefixTable(
      peers.flatMap((peer) => peer.allowedIps.map((allowed) => [allowed.cidr, allowed])),
    ),
    names,
    settings: readSettings(withoutSaveConfig(text, document, sections), input.file),
    ...(isKey(privateKey) ? { privateKey, publicKey: dependencies.publicKey(privateKey) } : {}),
  }
}

/** The last value of a key, without white space, as wg reads it; empty if missing. */
export const lastValue = (sections: readonly Section[], key: string): string =>
  (entriesOf(sections, key).at(-1)?.value.text ?? '').replace(/[\t-\r ]+/g, '')

/** All lines of a key. */
export const entriesOf = (sections: readonly Section[], key: string): Entry[] => {
  const found: Entry[] = []
  for (const section of sections)
    for (const entry of section.entries) if (entry.key === key && entry.hasEquals) found.push(entry)
  return found
}

/** The position of a span in a line, and the width of the caret. */
export const spot = (
  subject: LintInput,
  entry: { readonly line: { readonly number: number } },
  span: Span,
): { at: Position; width: number } => ({
  at: { file: subject.file, line: entry.line.number, column: span.column },
  width: Math.max(span.text.length, 1),
})

/** The position of a section's header; the top of the file for the part before the first header. */
export const headerSpot = (
  subject: Subject,
  section: Section | undefined,
): { at: Position; width: number } => {
  const line = section && subject.document.lines[section.header]
  const width = line && section.kind !== 'none' ? line.text.replace(/#.*/, '').trimEnd().length : 1
  return { at: { file: subject.file, line: line?.number ?? 1, column: 1 }, width: Math.max(width, 1) }
}

/** The parts of a value between commas, trimmed; empty parts are kept. */
export const listItems = (value: Span): Span[] => {
  const parts: Span[] = []
  let column = value.column
  for (const part of value.text.split(',')) {
    const trimmed = trimSpan(part, column)
    parts.push(trimmed.text === '' ? { text: '', column } : trimmed)
    column += part.length + 1
  }
  return parts
}

const readPeer = (section: Section, names: ReadonlyMap<Key, string>): LintPeer => {
  const publicKey = publicKeyOf(section)
  const name = publicKey === undefined ? undefined : names.get(publicKey)
  const label =
    name === undefined ? (publicKey === undefined ? 'without key' : `${publicKey.slice(0, 8)}…`) : `"${name}"`
  const allowedIps = entriesOf([section], 'allowedips').flatMap((entry) =>
    listItems(entry.value).flatMap((span) => {
      const cidr = parseCidr(span.text.replace(/^[+-]/, ''))
      return cidr ? [{ cidr, span, entry }] : []
    }),
  )
  return { section, label, allowedIps, ...(publicKey === undefined ? {} : { publicKey }) }
}

const withoutSaveConfig = (text: string, document: Document, sections: readonly Section[]): string => {
  const dropped = new Set(
    sections.flatMap(({ entries }) => entries.filter(isSaveConfig).map((entry) => entry.index)),
  )
  if (dropped.size === 0) return text
  const lines = document.lines.map((line, index) => (dropped.has(index) ? { ...line, text: '' } : line))
  return printDocument({ lines })
}

const isSaveConfig = (entry: Entry): boolean => lower(entry.name.text) === 'saveconfig'
