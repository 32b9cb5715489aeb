// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'
import type { Document, Line } from '../document.ts'
import { expiresPattern, type PeerBlock, peerBlocks } from './blocks.ts'
import { disabledLine, enabledLine } from './disabled.ts'

/** Returns the document with a peer disabled: each of its lines becomes a comment, without loss. */
export const disableBlock = (document: Document, block: PeerBlock): Document =>
  replaceLines(document, block, disabledLine)

/** Returns the document with a peer enabled again, byte for byte as before it was disabled. */
export const enableBlock = (document: Document, block: PeerBlock): Document =>
  replaceLines(document, block, enabledLine)

/** Returns the document without a peer, its comments and the blank lines after it. */
export const removeBlock = (document: Document, block: PeerBlock): Document => {
  const { lines } = document
  const isBlank = (index: number): boolean => (lines[index] as Line).text.trim() === ''
  let { start, end } = block
  while (end < lines.length && isBlank(end)) end++
  if (end === lines.length) while (start > 0 && isBlank(start - 1)) start--
  return numbered([...lines.slice(0, start), ...lines.slice(end)])
}

/**
 * Returns the document with a peer renamed, in the form of its old name (`# Name = …`, pivpn's, wg-easy's …). A peer
 * without a name gets `# Name = …` under its header. Raises `E_PEER_NAME` for a name that cannot be read back.
 */
export const renameBlock = (document: Document, block: PeerBlock, name: string): Document => {
  const { nameAt } = block
  const renamed =
    nameAt === undefined
      ? insertComment(document, block, `# Name = ${name}`)
      : replaceLines(document, block, (text) => renamedLine(text, nameAt.name, name, nameAt.line.text))
  // By position: a peer may have several sections.
  const at = peerBlocks(document).findIndex(({ header }) => header === block.header)
  if (peerBlocks(renamed)[at]?.name === name) return renamed
  throw new WgqError('E_PEER_NAME', `${JSON.stringify(name)} cannot be written as the name of a peer`, {
    hint: 'use letters, digits, blanks and . _ @ + -',
  })
}

/** Returns the document with `# Expires = VALUE` set for a peer, or removed. */
export const expireBlock = (document: Document, block: PeerBlock, value: string | undefined): Document => {
  const isOld = ({ text }: Line): boolean => expiresPattern.test(enabledLine(text))
  const kept = document.lines.filter(
    (line, index) => index < block.start || index >= block.end || !isOld(line),
  )
  const without = numbered(kept)
  if (value === undefined) return without
  const again = peerBlocks(without).find(({ publicKey }) => publicKey === block.publicKey) as PeerBlock
  return insertComment(without, again, `# Expires = ${value}`)
}

/** Inserts a comment under the header of a peer, after its name. */
const insertComment = (document: Document, block: PeerBlock, comment: string): Document => {
  const header = document.lines[block.header] as Line
  const { nameAt } = block
  const after =
    nameAt !== undefined && nameAt.line.number - 1 > block.header ? nameAt.line.number : block.header + 1
  const ending = header.ending === '' ? '\n' : header.ending
  const text = block.disabled ? disabledLine(comment) : comment
  const before = document.lines
    .slice(0, after)
    .map((line) => (line.ending === '' ? { ...line, ending } : line))
  return numbered([...before, { number: 0, text, ending }, ...document.lines.slice(after)])
}

/** Replaces the name in the line that gives it, and in pivpn's end marker. */
const renamedLine = (text: string, old: string, name: string, where: string): string => {
  const plain = enabledLine(text)
  const isEnd = /^\s*#+\s*end\s/i.test(plain) && plain.includes(` ${old} `)
  if (plain !== where && !isEnd) return text
  const json = /^(\s*#+\s*friendly_json\s*=\s*)(.+)$/i.exec(plain)
  const at = plain.lastIndexOf(old)
  const next = json
    ? json[1] + JSON.stringify({ ...(JSON.parse(json[2] as string) as object), name })
    : plain.slice(0, at) + name + plain.slice(at + old.length)
  return text === plain ? next : disabledLine(next)
}

const replaceLines = (
  { lines }: Document,
  { start, end }: PeerBlock,
  replace: (text: string) => string,
): Document => ({
  lines: lines.map((line, index) =>
    index >= start && index < end ? { ...line, text: replace(line.text) } : line,
  ),
})

const numbered = (lines: readonly Line[]): Document => ({
  lines: lines.map((line, index) => ({ ...line, number: index + 1 })),
})
