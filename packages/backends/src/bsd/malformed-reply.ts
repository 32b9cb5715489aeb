// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'

/**
 * The error for a kernel reply that breaks its own format: `E_DEVICE` with errno `EPROTO`. `expected` and `found` describe
 * sizes and types only, never content, which may be a key.
 */
export const malformedReply = (what: string, expected: string, found: string): WgqError =>
  new WgqError(
    'E_DEVICE',
    `The kernel's description of the device: ${what}: expected ${expected}, found ${found}`,
    {
      errno: 'EPROTO',
      hint: 'This system is newer or older than wgq knows; please report it with the output of `uname -a`',
    },
  )
