// SPDX-License-Identifier: MIT
import { statSync } from 'node:fs'

/** Caches the result of reading a file; it is computed again only when the file has changed. */
export class FileMemo<T> {
  private readonly read: (path: string) => T
  private readonly known = new Map<string, { readonly stamp: string; readonly value: T }>()

  /** `read` takes a path; its errors are passed on and not cached. */
  constructor(read: (path: string) => T) {
    this.read = read
  }

  /** The value for the current content of a file. Raises the errors of `read`. */
  get(path: string): T {
    const stamp = stampOf(path)
    const known = this.known.get(path)
    if (known !== undefined && known.stamp === stamp) return known.value
    this.known.delete(path)
    const value = this.read(path)
    // The stamp is older than the read: the next call detects a change in between.
    if (stamp !== undefined) this.known.set(path, { stamp, value })
    return value
  }
}

/** Identity, size and times of a file, which change with its content; undefined if it does not exist. */
const stampOf = (path: string): string | undefined => {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
  } catch {
    return undefined
  }
}
