// SPDX-License-Identifier: MIT
import type { Invocation } from './command.ts'
import { writeErr } from './output.ts'

/**
 * Prints `before` and `Usage: PROGRAM VERB …` on standard error. Resolves to 1, the status of wrong arguments. The table of all
 * verbs is a third of what a verb of `wg` would load: it is loaded here.
 */
export const sayUsage = async (invocation: Invocation, before = ''): Promise<number> => {
  const { usageLine } = await import('./usage.ts')
  writeErr(`${before}${usageLine(invocation)}`)
  return 1
}
