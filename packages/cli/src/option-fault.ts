// SPDX-License-Identifier: MIT
import { WgqError } from '@wgq/model/error'
import type { Command } from './command-row.ts'

/** An error in the words after a verb. */
export const usageError = (row: Command, message: string): WgqError =>
  new WgqError('E_USAGE', `${row.verb}: ${message}`, {
    hint: `\`wgq help ${row.verb}\` shows its usage and options`,
  })
