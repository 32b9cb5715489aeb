// SPDX-License-Identifier: MIT
import type { Handler } from '../command.ts'
import { writeOut } from '../output.ts'

// The release whose behaviour `wg` and `wg-quick` reproduce: scripts look for the word after `wireguard-tools`.
const compatible = 'v1.0.20260223'

/** wg version, wgq version. */
export const run: Handler = async ({ personality }) => {
  const own = process.env['WGQ_VERSION'] ?? '0'
  writeOut(
    personality === 'wg'
      ? `wireguard-tools ${compatible} - wgq ${own}\n`
      : `wgq ${own} (${compatible} of wg and wg-quick)\n`,
  )
  return 0
}
