// SPDX-License-Identifier: MIT
import type { Invocation } from './command.ts'
import { writeErr } from './output.ts'

/**
 * Prints `before` and `Usage: PROGRAM VERB …` to standard error. Resolves to 1, the status for wrong arguments. Loads
 * the table of all verbs only here, because it is a third of what a verb of `wg` would load.
 */
export const sayUsage = async (invocation: Invocation, before = ''): Promise<number> => {
  const { usageLine } = await import('./usage.ts')
  writeErr(`${before}${usageLine(invocation)}`)
  return 1
}
