// SPDX-License-Identifier: MIT
import { statSync } from 'node:fs'

/** Caches the result of reading a file; it is computed again only when the file has changed. */
export class FileMemo<T> {
  private readonly read: (path: string) => T
  private readonly known = new Map<string, { readonly stamp: string; readonly value: T }>()

  /** `read` takes a path and may raise what it likes; that is passed on and not remembered. */
  constructor(read: (path: string) => T) {
    this.read = read
  }

  /** The value of a file as it is now. Raises what `read` raises. */
  get(path: string): T {
    const stamp = stampOf(path)
    const known = this.known.get(path)
    if (known !== undefined && known.stamp === stamp) return known.value
    this.known.delete(path)
    const value = this.read(path)
    // Stamped before it was read: a change in between is seen next time.
    if (stamp !== undefined) this.known.set(path, { stamp, value })
    return value
  }
}

/** What changes with the content of a file: which file it is, its size and times; undefined where there is none. */
const stampOf = (path: string): string | undefined => {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
  } catch {
    return undefined
  }
}
