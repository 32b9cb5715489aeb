// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'
import { readConfigFile } from './config-file.ts'
import { type Document, parseDocument } from './document.ts'
import { dropIns } from './drop-ins.ts'
import { outline } from './outline.ts'
import type { Source } from './source.ts'

/** One of the files that a tunnel's configuration is made of. */
export interface ConfigPart {
  readonly path: string
  readonly source: Source
}

/**
 * Reads the files of a tunnel: `wg0.conf` first, then the peers in `wg0.conf.d/*.conf`, sorted by name. Raises the
 * errors of reading a file, and `E_DROP_IN` for a drop-in with a section other than [Peer].
 */
export const readParts = (configPath: string, main = readConfigFile(configPath)): ConfigPart[] => [
  { path: configPath, source: main },
  ...dropIns(configPath).map((path) => {
    const source = readConfigFile(path)
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
  for (const { kind, header } of outline(document)) {
    if (kind === 'peer' || kind === 'none') continue
    throw new WgqError('E_DROP_IN', 'A file in a directory NAME.conf.d holds [Peer] sections only', {
      at: { file, line: header + 1, column: 1 },
      hint: 'settings of the interface belong into NAME.conf',
    })
  }
}
