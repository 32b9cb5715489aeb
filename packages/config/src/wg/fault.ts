// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'

/**
 * A value that `wg` refuses. `wgText` is what `wg` prints (spec wg §6, §7); `message` says the same without quoting the
 * value, which may be a misplaced secret.
 */
export const fault = (wgText: string, message: string, hint?: string): WgqError =>
  new WgqError('E_VALUE', message, { wgText, ...(hint === undefined ? {} : { hint }) })
