// SPDX-License-Identifier: MIT
import { statSync } from 'node:fs'
import { type Document, parseDocument, printDocument } from '@wgq/config/document'
import { checkEncoding } from '@wgq/config/encoding'
import { type ConfigPart, readParts } from '@wgq/config/parts'
import { findBlock, type PeerBlock, peerBlocks } from '@wgq/config/peers/blocks'
import { expireBlock } from '@wgq/config/peers/edit-blocks'
import { WgqError } from '@wgq/model/error'
import type { Key } from '@wgq/model/key'

/** A peer and the file that contains it. */
export interface PlacedPeer extends PeerBlock {
  readonly part: ConfigPart
}

/** The contents of the files of a tunnel, read at one time. */
export interface TunnelFile {
  /** `NAME.conf` first, then its drop-ins. */
  readonly parts: readonly [ConfigPart, ...ConfigPart[]]
  /** The document of `NAME.conf`. */
  readonly document: Document
  /** Peers of all files in order, including disabled ones. */
  readonly peers: readonly PlacedPeer[]
}

let last: TunnelFile | undefined

/**
 * Reads the files of a tunnel; reuses the last result if they have not changed. Raises the errors of {@link readParts},
 * `E_ENCODING` for text that is not UTF-8, and `E_CONFIG_READ` for a pipe or a device, which can be read only once and
 * not written back.
 */
export const readTunnelFile = (configPath: string): TunnelFile => {
  const there = statSync(configPath, { throwIfNoEntry: false })
  if (there && !there.isFile() && !there.isDirectory()) {
    throw new WgqError('E_CONFIG_READ', `\`${configPath}' is a pipe or a device, a file is expected`, {
      hint: 'peers are changed in the file of a tunnel; `wgq lint -` and `wgq strip` read pipes',
    })
  }
  const parts = readParts(configPath) as [ConfigPart, ...ConfigPart[]]
  if (last && isSame(last.parts, parts)) return last
  // With a byte order mark, the first section would not be recognised.
  for (const { path, source } of parts) checkEncoding(source.text, path)
  last = tunnelFileOf(parts)
  return last
}

/** Parses files in memory. */
export const tunnelFileOf = (parts: TunnelFile['parts']): TunnelFile => {
  const documents = parts.map(({ source }) => parseDocument(source.text))
  return {
    parts,
    document: documents[0] as Document,
    peers: documents.flatMap((document, at) =>
      peerBlocks(document).map((block) => ({ ...block, part: parts[at] as ConfigPart })),
    ),
  }
}

const joined = (sections: readonly PlacedPeer[]): PlacedPeer => {
  const enabled = sections.filter(({ disabled }) => !disabled)
  const named = sections.find(({ name }) => name !== undefined)
  const expires = sections.find((section) => section.expires !== undefined)?.expires
  return {
    ...(sections[0] as PlacedPeer),
    ...(named?.name === undefined ? {} : { name: named.name }),
    allowedIps: (enabled.length > 0 ? enabled : sections).flatMap(({ allowedIps }) => allowedIps),
    disabled: enabled.length === 0,
    ...(expires === undefined ? {} : { expires }),
  }
}

const isSame = (before: readonly ConfigPart[], now: readonly ConfigPart[]): boolean =>
  before.length === now.length &&
  now.every(({ path, source }, at) => before[at]?.path === path && before[at]?.source.text === source.text)

/**
 * The peers of a tunnel, each once: sections with the same key, in any file, are one peer. The place is that of its first
 * section; the name and the day on which it expires are the first that a section gives.
 */
export const wholePeers = ({ peers }: Pick<TunnelFile, 'peers'>): PlacedPeer[] => {
  const byKey = new Map<Key, PlacedPeer[]>()
  for (const peer of peers) {
    const sections = byKey.get(peer.publicKey)
    if (sections) sections.push(peer)
    else byKey.set(peer.publicKey, [peer])
  }
  return [...byKey.values()].map((sections) =>
    sections.length === 1 ? (sections[0] as PlacedPeer) : joined(sections),
  )
}

/** Finds the peer that a user names; see {@link findBlock}. */
export const findPlaced = (file: TunnelFile, word: string): PlacedPeer => findBlock(wholePeers(file), word)

/** The parts after an edit of the file that contains a peer. */
export const withEdit = (
  parts: readonly ConfigPart[],
  peer: PlacedPeer,
  edit: (document: Document, block: PeerBlock) => Document,
): ConfigPart[] =>
  parts.map((part) => {
    if (part.path !== peer.part.path) return part
    const document = parseDocument(part.source.text)
    // An earlier edit may have moved it.
    const block = findBlock(peerBlocks(document), peer.publicKey)
    return { ...part, source: { ...part.source, text: printDocument(edit(document, block)) } }
  })

/** The parts after an edit of every section of a peer: sections with the same key, in any file, are one peer. */
export const withEditOfEach = (
  parts: readonly ConfigPart[],
  peer: PlacedPeer,
  edit: (document: Document, block: PeerBlock) => Document,
): ConfigPart[] =>
  // Start with the last one: an edit moves all later blocks.
  withEditOfAll(parts, peer, (document, blocks) => blocks.reduceRight(edit, document))

/** The parts with `# Expires = VALUE` for a peer, in its first section alone, or without it. */
export const expire = (
  parts: readonly ConfigPart[],
  peer: PlacedPeer,
  value: string | undefined,
): ConfigPart[] => {
  const without = withEditOfEach(parts, peer, (document, block) => expireBlock(document, block, undefined))
  return value === undefined
    ? without
    : withEdit(without, peer, (document, block) => expireBlock(document, block, value))
}

/** The parts after an edit of each file that has sections of a peer. */
export const withEditOfAll = (
  parts: readonly ConfigPart[],
  { publicKey }: PlacedPeer,
  edit: (document: Document, blocks: readonly PeerBlock[]) => Document,
): ConfigPart[] =>
  parts.map((part) => {
    const document = parseDocument(part.source.text)
    const blocks = peerBlocks(document).filter((block) => block.publicKey === publicKey)
    if (blocks.length === 0) return part
    return { ...part, source: { ...part.source, text: printDocument(edit(document, blocks)) } }
  })
