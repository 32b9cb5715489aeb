// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'

/**
 * A value that `wg` refuses. `wgText` is what `wg` prints (spec wg §6, §7); `message` says the same.
 * What looks like a key in it is hidden when it is printed.
 */
export const fault = (wgText: string, message: string, hint?: string): WgqError =>
  new WgqError('E_VALUE', message, { wgText, ...(hint === undefined ? {} : { hint }) })

/**
 * A value for a message: quoted if it is short plain text, else its length. Text of a file has one character per byte,
 * so letters that are not ASCII would be shown wrong.
 */
export const foundValue = (value: string): string =>
  value === ''
    ? 'nothing'
    : /^[ -~]{1,80}$/.test(value)
      ? JSON.stringify(value)
      : `${value.length} characters`
