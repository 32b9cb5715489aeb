// SPDX-License-Identifier: MIT

import type { Session } from '@wgq/quick/session'
import { up } from '@wgq/quick/up'
import type { Handler } from '../command.ts'
import { asFile, sayDone } from '../done.ts'
import { runQuick } from '../quick-session.ts'
import { mayStay, staying } from '../staying.ts'

/** wg-quick up NAME|FILE; wgq up [OPTIONS] NAME|FILE. */
export const run: Handler = async (invocation) => {
  const { personality, args } = invocation
  const bringUp = async (session: Session): Promise<number> =>
    sayDone(personality, await up(session), asFile(session))
  // Most runs have no options; what they take is a third of the code.
  if (personality === 'wgq' && args.some((word) => word.startsWith('-')))
    return (await import('../up-with-options.ts')).upWithOptions(invocation, bringUp)
  return staying(
    await runQuick(invocation, bringUp, undefined, undefined, mayStay(invocation.writeCompiledCode)),
  )
}
