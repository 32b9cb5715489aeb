// SPDX-License-Identifier: MIT
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** The built programs: WGQ_DIST, so that an installed package can be tested too, else the output of `scripts/setup`. */
const dist = process.env['WGQ_DIST'] ?? join(root, 'dist')

/** Folder of the launchers. */
export const builtBin = join(dist, 'bin')

/** Returns why built programs cannot be run, or undefined when they can. */
export const whyNotBuilt = (): string | undefined =>
  existsSync(join(dist, 'lib/wgq.cjs')) ? undefined : 'not built: scripts/setup builds dist/'

/**
 * The words that run the built program under the name `argv0`, which becomes its exact argv[0]. FIXED_CLOCK stops the
 * clock.
 */
export const builtProgram = (argv0: string): string[] => [
  process.execPath,
  '-r',
  join(root, 'test/support/fixed-clock.cjs'),
  join(dist, 'lib/wgq.cjs'),
  argv0,
]
