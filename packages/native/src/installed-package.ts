// SPDX-License-Identifier: MIT
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * The folder of an npm package that is installed for the code in `from`: in its `node_modules`, or in that of a folder above it.
 * Node's own search goes on in `NODE_PATH` and in `~/.node_modules`: code of whoever calls, which would run as root.
 */
export const installedPackage = (name: string, from: string): string | undefined => {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name)
    if (existsSync(candidate)) return candidate
    if (folder === dirname(folder)) return undefined
  }
}
