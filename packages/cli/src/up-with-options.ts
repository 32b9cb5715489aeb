// SPDX-License-Identifier: MIT

import { capture } from '@wgq/quick/restore'
import type { Session } from '@wgq/quick/session'
import { startTry } from '@wgq/quick/try'
import { up } from '@wgq/quick/up'
import { rerunAsRoot } from './as-root.ts'
import type { Invocation } from './command.ts'
import { jsonText } from './json-text.ts'
import { numberValue, oneValue, parseArguments } from './options.ts'
import { writeErr, writeOut } from './output.ts'
import { runQuick } from './quick-session.ts'

/**
 * wgq up OPTIONS NAME|FILE: `bringUp` with what the options ask for, or its plan. Resolves to the exit status. Raises
 * `E_USAGE`, and what {@link runQuick} raises.
 */
export const upWithOptions = async (
  invocation: Invocation,
  bringUp: (session: Session) => Promise<number>,
): Promise<number> => {
  const parsed = await parseArguments(invocation)
  const trySeconds = numberValue(parsed, 'try', 1)
  const elsewhere = rerunAsRoot(invocation)
  if (elsewhere) return elsewhere
  return runQuick(
    { ...invocation, args: parsed.operands },
    async (session) => {
      const killSwitchOption = parsed.flags.has('kill-switch')
      const into = oneValue(parsed, 'netns')
      const wanted = {
        ...session,
        killSwitch: session.killSwitch || killSwitchOption,
        killSwitchOption,
        strict: parsed.flags.has('strict'),
        ...(into === undefined ? {} : { into }),
      }
      if (parsed.flags.has('dry-run')) return showPlan(wanted, parsed.flags.has('json'))
      const before = trySeconds === undefined ? undefined : await capture(wanted)
      const status = await bringUp(wanted)
      if (status !== 0 || trySeconds === undefined) return status
      await startTry(session, trySeconds, before)
      writeErr(
        `[+] ${session.name} ${before ? 'becomes what it was' : 'goes down'} again in ${trySeconds} s, unless you run: wgq confirm ${session.name}\n`,
      )
      return 0
    },
    undefined,
    oneValue(parsed, 'name'),
  )
}

// --- internal ---

/** Prints the steps of a dry run, as the lines of a real one or as JSON. */
const showPlan = async (session: Session, json: boolean): Promise<number> => {
  const { dryRun } = await import('@wgq/quick/imagined/dry-run')
  const print = json ? () => {} : writeOut
  const { status, steps } = await dryRun({ ...session, dependencies: { ...session.dependencies, print } }, up)
  if (json) writeOut(`${jsonText(steps)}\n`)
  return status
}
