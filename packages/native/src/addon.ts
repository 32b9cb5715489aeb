// SPDX-License-Identifier: MIT
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { addonHint } from './addon-hint.ts'
import { installedPackage } from './installed-package.ts'

let loaded: unknown

/** The addon cannot be used: `message` is the loader's reason, `hint` says what to install or build. */
export interface AddonError extends Error {
  readonly code: 'E_NO_ADDON'
  readonly hint: string
}

/**
 * The native addon, loaded on first use: `WGQ_ADDON` (sanitizer builds), else the one beside the bundle, in this
 * package's build folder, or in an npm package for this platform. Raises {@link AddonError} if none can be loaded.
 */
// biome-ignore lint/suspicious/noExplicitAny: the addon's shape is given by the typed functions that call this
export const loadAddon = (): any => {
  if (loaded) return loaded
  let failure: string | undefined
  for (const path of candidates()) {
    try {
      loaded = createRequire(path)(path)
      return loaded
    } catch (error) {
      // Keep the first reason, the likeliest one; a package for another C library beside it fails too.
      failure ??= `${path}: ${reasonOf(error, path)}`
    }
  }
  throw unusable(
    failure === undefined
      ? 'The native addon wgq.node is missing'
      : `The native addon cannot be loaded: ${failure}`,
  )
}

const here = (): string => (typeof __dirname === 'string' ? __dirname : import.meta.dirname)

/** Yields the addons that exist, in the order in which they are tried. */
function* candidates(): Generator<string> {
  const override = process.env['WGQ_ADDON']
  const beside = [override, join(here(), 'wgq.node'), join(here(), '../build/wgq.node')]
  const path = beside.find((file) => file !== undefined && existsSync(file))
  if (path !== undefined) yield path
  if (path !== undefined && path === override) return
  for (const libc of process.platform === 'linux' ? ['', '-musl'] : ['']) {
    // npm installs only the packages for this system.
    const folder = installedPackage(`wgq-${process.platform}-${process.arch}${libc}`, here())
    if (folder !== undefined) yield join(folder, 'wgq.node')
  }
}

/** The file that {@link loadAddon} tries first, or undefined where there is none. */
export const addonPath = (): string | undefined => candidates().next().value ?? undefined

/** The dynamic loader's message on one line, without the path, which already precedes it. */
const reasonOf = (error: unknown, path: string): string =>
  (error as Error).message.replaceAll(`${path}: `, '').split('\n', 1)[0] as string

const unusable = (message: string): AddonError =>
  Object.assign(new Error(message), { code: 'E_NO_ADDON' as const, hint: addonHint(here()) })
