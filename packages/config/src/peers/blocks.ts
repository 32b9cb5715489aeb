// SPDX-License-Identifier: MIT
import { type Cidr, parseCidr } from '@wgq/model/cidr'
import { WgqError } from '@wgq/model/error'
import { isKey, type Key } from '@wgq/model/key'
import type { Document, Line } from '../document.ts'
import { type FoundName, nameOf, publicKeyOf } from '../names.ts'
import { nearest } from '../nearest.ts'
import { isComment, outline, type Section } from '../outline.ts'
import { isDisabledLine, withDisabledPeers } from './disabled.ts'

/** A peer of a configuration file, enabled or disabled, with the comments that belong to it. */
export interface PeerBlock {
  readonly name?: string
  /** The position of the name; `line` counts in the document of {@link withDisabledPeers}. */
  readonly nameAt?: FoundName
  readonly publicKey: Key
  readonly allowedIps: readonly Cidr[]
  readonly disabled: boolean
  /** The text of `# Expires = …`, if present. */
  readonly expires?: string
  /** Lines `start` to `end - 1` of the document; the header is the line `header`. */
  readonly start: number
  readonly header: number
  readonly end: number
}

/** Returns the peers of a document in file order, disabled ones included. Sections without a valid key are left out. */
export const peerBlocks = (document: Document): PeerBlock[] => {
  const shown = withDisabledPeers(document)
  return outline(shown).flatMap((section) => {
    const publicKey = section.kind === 'peer' ? publicKeyOf(section) : undefined
    return publicKey === undefined ? [] : [blockOf(document, shown, section, publicKey)]
  })
}

/**
 * Finds a peer by `phone`, `@phone` or its public key. Raises `E_PEER_NAME` if no peer, or more than one, has that
 * name.
 */
export const findBlock = <T extends PeerBlock>(blocks: readonly T[], word: string): T => {
  const name = word.replace(/^@/, '')
  const found = blocks.filter((block) => (isKey(word) ? block.publicKey === word : block.name === name))
  const [block] = found
  if (block && new Set(found.map(({ publicKey }) => publicKey)).size === 1) return block
  if (block)
    throw new WgqError('E_PEER_NAME', `"${name}" is the name of ${found.length} peers`, {
      hint: 'give the public key instead, or rename one of them',
    })
  const guess = nearest(
    name,
    blocks.flatMap((other) => other.name ?? []),
  )
  throw new WgqError('E_PEER_NAME', `No peer is called "${name}"`, {
    hint: guess === undefined ? '`wgq peer list` shows the names' : `did you mean "${guess}"?`,
  })
}

const blockOf = (document: Document, shown: Document, section: Section, publicKey: Key): PeerBlock => {
  const nameAt = nameOf(shown, section)
  const end = endOf(shown, section)
  const allowedIps = section.entries
    .filter(({ key }) => key === 'allowedips')
    .flatMap(({ value }) => value.text.split(/[,\s]+/))
    .flatMap((text) => parseCidr(text.replace(/^[+]/, '')) ?? [])
  const expires = expiresIn(shown, section.start, end)
  return {
    ...(nameAt ? { name: nameAt.name, nameAt } : {}),
    publicKey,
    allowedIps,
    disabled: isDisabledLine((document.lines[section.header] as Line).text),
    ...(expires === undefined ? {} : { expires }),
    start: section.start,
    header: section.header,
    end,
  }
}

const expiresIn = ({ lines }: Document, start: number, end: number): string | undefined => {
  let found: string | undefined
  for (let at = start; at < end; at++) {
    const { text } = lines[at] as Line
    if (text.includes('#')) found = expiresPattern.exec(text)?.[1] ?? found
  }
  return found
}

/** `# Expires = 2026-12-31` in a peer's section. */
export const expiresPattern = /^\s*#+\s*Expires\s*[=:]\s*(.*?)\s*$/i

/** The line after the last key and the comments that directly follow it. Lines after a blank line belong to no peer. */
const endOf = ({ lines }: Document, section: Section): number => {
  let end = (section.entries.at(-1)?.index ?? section.header) + 1
  while (end < section.end && isComment((lines[end] as Line).text)) end++
  return end
}
