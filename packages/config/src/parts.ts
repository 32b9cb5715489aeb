// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'
import { readConfigFile } from './config-file.ts'
import { type Document, parseDocument } from './document.ts'
import { dropIns } from './drop-ins.ts'
import { checkEncoding } from './encoding.ts'
import { outline } from './outline.ts'
import type { Source } from './source.ts'

/** One of the files that a tunnel's configuration is made of. */
export interface ConfigPart {
  readonly path: string
  readonly source: Source
}

/**
 * Reads the files of a tunnel: `wg0.conf` first, then the peers in `wg0.conf.d/*.conf`, sorted by name. Raises the
 * errors of reading a file, `E_ENCODING` for a drop-in that is not UTF-8, and `E_DROP_IN` for one that has a section
 * other than [Peer], or a line above it.
 */
export const readParts = (configPath: string, main = readConfigFile(configPath)): ConfigPart[] => [
  { path: configPath, source: main },
  ...dropIns(configPath).map((path) => {
    const source = readConfigFile(path)
    checkEncoding(source.text, path)
    checkDropIn(parseDocument(source.text), path)
    return { path, source }
  }),
]

/** The text of the whole tunnel, in the order of {@link readParts}. */
export const joinParts = (parts: readonly ConfigPart[]): string => {
  const [only] = parts
  if (only && parts.length === 1) return only.source.text
  return parts
    .map(({ source: { text } }) => (text === '' || text.endsWith('\n') ? text : `${text}\n`))
    .join('')
}

const checkDropIn = (document: Document, file: string): void => {
  const line = strayLine(document)
  if (line === undefined) return
  throw new WgqError('E_DROP_IN', dropInMessage, { at: { file, line, column: 1 }, hint: dropInHint })
}

/** What is wrong with a drop-in that has a {@link strayLine}. */
export const dropInMessage = 'A file in a directory NAME.conf.d holds [Peer] sections only'

/** What to do about it. */
export const dropInHint = 'settings of the interface belong into NAME.conf'

/** The number of the first line of a drop-in that is in no [Peer] section; undefined if there is none. */
export const strayLine = (document: Document): number | undefined => {
  for (const { kind, header, entries } of outline(document)) {
    if (kind === 'peer') continue
    // Above the first header, a line would belong to the last peer of the file before.
    const line = kind === 'none' ? entries[0]?.line.number : header + 1
    if (line !== undefined) return line
  }
  return undefined
}
