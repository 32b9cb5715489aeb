// SPDX-License-Identifier: MIT
import { reloadHere } from '@wgq/quick/reload/reload-here'
import { rerunAsRoot } from '../as-root.ts'
import type { Handler } from '../command.ts'
import { parseArguments } from '../options.ts'
import { runQuick } from '../quick-session.ts'
import { compare } from './diff.ts'

/** wgq reload NAME|FILE [--check]: makes the running tunnel what its file says, disturbing nothing that stays. */
export const run: Handler = async (invocation) => {
  const parsed = await parseArguments(invocation)
  const elsewhere = rerunAsRoot(invocation)
  if (elsewhere) return elsewhere
  return runQuick({ ...invocation, args: parsed.operands }, (session) =>
    parsed.flags.has('check') ? compare(session, false) : reloadHere(session),
  )
}
