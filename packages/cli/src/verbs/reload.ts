// SPDX-License-Identifier: MIT
import { reload } from '@wgq/quick/reload'
import { rerunAsRoot } from '../as-root.ts'
import type { Handler } from '../command.ts'
import { asFile, sayDone } from '../done.ts'
import { parseArguments } from '../options.ts'
import { runQuick } from '../quick-session.ts'
import { compare } from './diff.ts'

/** wgq reload NAME|FILE [--check]: applies the file to the running tunnel without disturbing unchanged parts. */
export const run: Handler = async (invocation) => {
  const parsed = await parseArguments(invocation)
  const elsewhere = rerunAsRoot(invocation)
  if (elsewhere) return elsewhere
  const { personality } = invocation
  return runQuick({ ...invocation, args: parsed.operands }, async (session) =>
    parsed.flags.has('check')
      ? compare(session, false)
      : sayDone(personality, await reload(session), asFile(session)),
  )
}
