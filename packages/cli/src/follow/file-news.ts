// SPDX-License-Identifier: MIT
import { existsSync, type FSWatcher, readlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { watchPath } from '@wgq/quick/run/watch-path'

/** More links than this are a loop. */
const mostLinks = 40

/**
 * Calls `onChange` when the content of a file or the entries of a directory change, however it is replaced: in place,
 * by rename, by another target of a link on its path (as Kubernetes does for mounted volumes), or by a file that did
 * not exist before.
 */
export const watchFile = (path: string, onChange: () => void): { close(): void } => {
  let entries: FSWatcher[] = []
  let own: FSWatcher | undefined
  let known = ''
  const close = (): void => {
    for (const watcher of entries) watcher.close()
    own?.close()
  }
  const changed = (): void => {
    arm()
    onChange()
  }
  const arm = (): void => {
    const places = placesOf(path)
    const found = places.map(({ folder, name }) => join(folder, name)).join('\n')
    if (found !== known) {
      for (const watcher of entries) watcher.close()
      entries = places.flatMap(({ folder, name }) => {
        const watcher = watchPath(folder, (entry) => {
          if (entry === null || entry.startsWith(name)) changed()
        })
        return watcher ?? []
      })
      known = found
    }
    // The file itself may be a mount, whose directory reports nothing. One that was replaced has to be opened again.
    own?.close()
    own = watchPath(path, changed)
  }
  arm()
  return { close }
}

interface Place {
  readonly folder: string
  readonly name: string
}

/** The directory entries that determine which file a path leads to; for a missing one, the first missing entry. */
const placesOf = (path: string): Place[] => {
  const places: Place[] = []
  let left = resolve(path).split('/').slice(1)
  let folder = '/'
  for (let links = 0; left.length > 0 && links < mostLinks; ) {
    const [name = '', ...rest] = left
    const entry = join(folder, name)
    const target = linkAt(entry)
    if (target !== undefined) {
      places.push({ folder, name })
      links += 1
      left = [...resolve(folder, target).split('/').slice(1), ...rest]
      folder = '/'
      continue
    }
    if (rest.length === 0 || !existsSync(entry)) {
      places.push({ folder, name })
      break
    }
    left = rest
    folder = entry
  }
  return places
}

const linkAt = (path: string): string | undefined => {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}
