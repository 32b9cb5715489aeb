// SPDX-License-Identifier: MIT
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

let loaded: unknown

/**
 * The native addon, loaded on first use. Raises `E_NO_ADDON` (an error with `code`) where it was not built; the message
 * says how to build it. Looked for beside the bundle, then in this package's build folder.
 */
// biome-ignore lint/suspicious/noExplicitAny: the addon's shape is given by the typed functions that call this
export const loadAddon = (): any => {
  if (loaded) return loaded
  const path = addonPath()
  if (!path) {
    throw Object.assign(
      new Error('The native addon wgq.node is not built; run scripts/setup (it needs a C++ compiler)'),
      {
        code: 'E_NO_ADDON',
      },
    )
  }
  try {
    loaded = createRequire(path)(path)
  } catch (cause) {
    throw Object.assign(
      new Error(`The native addon ${path} cannot be loaded; run scripts/setup to rebuild it`, { cause }),
      {
        code: 'E_NO_ADDON',
      },
    )
  }
  return loaded
}

/** Where the addon stands, or undefined. `WGQ_ADDON` overrides (sanitizer builds). */
export const addonPath = (): string | undefined => {
  const here = typeof __dirname === 'string' ? __dirname : import.meta.dirname
  return [process.env['WGQ_ADDON'], join(here, 'wgq.node'), join(here, '../build/wgq.node')].find(
    (path) => path !== undefined && existsSync(path),
  )
}
