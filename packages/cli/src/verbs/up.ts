// SPDX-License-Identifier: MIT
import { upHere } from '@wgq/quick/orchestrate'
import { startTry } from '@wgq/quick/try'
import { rerunAsRoot } from '../as-root.ts'
import type { Handler } from '../command.ts'
import { numberValue, parseArguments } from '../options.ts'
import { writeErr } from '../output.ts'
import { runQuick } from '../quick-session.ts'

/** wg-quick up NAME|FILE; wgq up [--kill-switch] [--try SECONDS] NAME|FILE. */
export const run: Handler = async (invocation) => {
  const plain = invocation.personality !== 'wgq' || !invocation.args.some((word) => word.startsWith('-'))
  if (plain) return runQuick(invocation, upHere)
  const parsed = await parseArguments(invocation)
  const trySeconds = numberValue(parsed, 'try', 1)
  const elsewhere = rerunAsRoot(invocation)
  if (elsewhere) return elsewhere
  return runQuick({ ...invocation, args: parsed.operands }, async (session) => {
    const killSwitch = session.killSwitch || parsed.flags.has('kill-switch')
    const status = await upHere({ ...session, killSwitch })
    if (status !== 0 || trySeconds === undefined) return status
    startTry(session, trySeconds)
    writeErr(
      `[+] ${session.name} goes down again in ${trySeconds} s, unless you run: wgq confirm ${session.name}\n`,
    )
    return 0
  })
}
