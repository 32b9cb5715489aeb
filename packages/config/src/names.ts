// SPDX-License-Identifier: MIT
import type { Position } from '@wgq/model/error'
import { WgqError } from '@wgq/model/error'
import type { Key } from '@wgq/model/key'
import { isKey } from '@wgq/model/key'
import type { Document, Line } from './document.ts'
import { nearest } from './nearest.ts'
import type { Section } from './outline.ts'
import { commentOf, isComment, outline } from './outline.ts'

/** A peer that is named by a comment. */
export interface PeerName {
  readonly name: string
  readonly publicKey: Key
  readonly at: Position
}

/**
 * Returns the names that comments give to peers, in file order. Recognised forms: `# Name = phone` (also
 * `friendly_name`, with `:`), `# friendly_json = {"name": "phone"}`, `### begin phone ###`, `### Client phone`, `#
 * Client: phone (id)` above or inside a peer's section, and `[Peer] # phone`.
 */
export const peerNames = (document: Document, file: string, sections = outline(document)): PeerName[] =>
  sections.flatMap((section) => {
    const found = section.kind === 'peer' ? nameOf(document, section) : undefined
    if (!found) return []
    const publicKey = publicKeyOf(section)
    if (publicKey === undefined) return []
    return [{ name: found.name, publicKey, at: { file, line: found.line.number, column: found.column } }]
  })

/** The public key of a peer's section: the last valid one, as wg reads it. */
export const publicKeyOf = (section: Section): Key | undefined =>
  section.entries.reduce<Key | undefined>((last, { key, value }) => {
    if (key !== 'publickey') return last
    const text = isKey(value.text) ? value.text : value.text.replace(/[\t-\r ]+/g, '')
    return isKey(text) ? text : last
  }, undefined)

/**
 * Returns the key of a peer given by name or key: `@phone`, `phone` or the key itself. Raises `E_PEER_NAME` if no peer,
 * or more than one, has that name.
 */
export const findPeer = (names: readonly PeerName[], word: string): Key => {
  if (isKey(word)) return word
  const name = word.replace(/^@/, '')
  const found = new Set(names.filter((peer) => peer.name === name).map((peer) => peer.publicKey))
  const [publicKey] = found
  if (publicKey !== undefined && found.size === 1) return publicKey
  if (found.size > 1) {
    throw new WgqError('E_PEER_NAME', `"${name}" is the name of ${found.size} peers`, {
      hint: 'give the public key, or make the names in the configuration file unique',
    })
  }
  const guess = nearest(
    name,
    names.map((peer) => peer.name),
  )
  throw new WgqError('E_PEER_NAME', `No peer is called "${name}"`, {
    hint:
      guess === undefined
        ? 'write `# Name = NAME` under [Peer] in the configuration file'
        : `did you mean "${guess}"?`,
  })
}

/** A name and the position of its text. */
export interface FoundName {
  readonly name: string
  readonly line: Line
  readonly column: number
}

/** The first name that a comment of a section gives to its peer; the forms are those of {@link peerNames}. */
export const nameOf = (document: Document, section: Section): FoundName | undefined => {
  for (let index = section.start; index < section.end; index++) {
    const line = document.lines[index] as Line
    if (index !== section.header && !isComment(line.text)) continue
    const comment = commentOf(line.text)
    if (!comment) continue
    const name = index === section.header ? headerName(comment.text) : commentName(comment.text)
    if (name === undefined) continue
    return { name, line, column: comment.column + comment.text.indexOf(name) }
  }
  return undefined
}

/** `[Peer] # phone`; the comment may also use one of the other forms. */
const headerName = (comment: string): string | undefined =>
  commentName(comment) ??
  (comment.length > mostNameCharacters ? undefined : comment.replace(/^[# \t]+/, '') || undefined)

const patterns = [
  /^#+\s*(?:friendly_)?name\s*[=:]\s*(.+)$/i,
  /^#+\s*begin\s+(.+?)[\s#]*$/i,
  /^#+\s*client\s*:\s*(.+?)(?:\s*\([^()]*\))?[\s#]*$/i,
  /^###\s*client\s+(.+?)[\s#]*$/i,
]

/** Longer texts are not names: lines of megabytes are not searched. */
const mostNameCharacters = 1024

const commentName = (comment: string): string | undefined => {
  if (comment.length > mostNameCharacters) return undefined
  for (const pattern of patterns) {
    const name = pattern.exec(comment)?.[1]
    if (name !== undefined) return name
  }
  const json = /^#+\s*friendly_json\s*=\s*(.+)$/i.exec(comment)?.[1]
  return json === undefined ? undefined : jsonName(json)
}

const jsonName = (text: string): string | undefined => {
  try {
    const { name } = JSON.parse(text) as { name?: unknown }
    return typeof name === 'string' && name !== '' ? name : undefined
  } catch {
    return undefined
  }
}
