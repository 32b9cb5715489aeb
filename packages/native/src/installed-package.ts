// SPDX-License-Identifier: MIT
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * The folder of an npm package that is installed for the code in `from`: in its `node_modules` or a parent folder's.
 * Node's own search also reads `NODE_PATH` and `~/.node_modules`: the calling user's code, which would run as root.
 */
export const installedPackage = (name: string, from: string): string | undefined => {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name)
    if (existsSync(candidate)) return candidate
    if (folder === dirname(folder)) return undefined
  }
}
