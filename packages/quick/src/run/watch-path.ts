// SPDX-License-Identifier: MIT
import { type FSWatcher, watch } from 'node:fs'

/**
 * Calls `onChange` with the name of the entry, if the system tells it, when a file or a directory changes. Does not keep
 * the process running. Returns undefined where there is no such path, or where the system has no watch left.
 */
export const watchPath = (path: string, onChange: (entry: string | null) => void): FSWatcher | undefined => {
  try {
    const watcher = watch(path, { persistent: false }, (_, entry) => onChange(entry))
    // Removing a directory ends its watcher.
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return undefined
  }
}
