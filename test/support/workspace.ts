// SPDX-License-Identifier: MIT
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const find = (from: string): string => {
  if (existsSync(join(from, 'pnpm-workspace.yaml'))) return from
  const above = dirname(from)
  if (above === from) throw new Error('this file is outside of the workspace')
  return find(above)
}

/** The folder of the checkout; searched upwards, because benchmarks run these files bundled from another folder. */
export const workspace = find(dirname(fileURLToPath(import.meta.url)))
