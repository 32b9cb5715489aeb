// SPDX-License-Identifier: MIT
import { parseDocument } from '@wgq/config/document'
import { Edit } from '@wgq/config/edit'
import { readParts } from '@wgq/config/parts'
import type { Source } from '@wgq/config/source'
import type { Key } from '@wgq/model/key'
import { type Running, savedInPlace } from './save-in-place.ts'

/** A file of a tunnel before and after the running state was written into it. */
interface SavedPart {
  readonly path: string
  readonly before: Source
  readonly after: Source
}

/** The files of a tunnel with the running state: each peer in the file that it came from, new ones in `NAME.conf`. */
export const savedParts = async (configPath: string, running: Running): Promise<SavedPart[]> => {
  const [main, ...dropIns] = readParts(configPath).map((part) => ({
    ...part,
    peers: new Set(new Edit(parseDocument(part.source.text)).peers()),
  }))
  const of = (isHere: (key: Key) => boolean): Running['device'] => ({
    ...running.device,
    peers: running.device.peers.filter(({ publicKey }) => isHere(publicKey)),
  })
  const saved: SavedPart[] = []
  if (main) {
    const device = of((key) => main.peers.has(key) || !dropIns.some(({ peers }) => peers.has(key)))
    saved.push({
      path: main.path,
      before: main.source,
      after: await savedInPlace(main.source, { ...running, device }),
    })
  }
  for (const { path, source, peers } of dropIns) {
    const after = await savedInPlace(source, { device: of((key) => peers.has(key)), peersOnly: true })
    saved.push({ path, before: source, after })
  }
  return saved
}
