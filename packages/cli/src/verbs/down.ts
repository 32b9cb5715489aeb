// SPDX-License-Identifier: MIT
import { down, downWithoutConfig } from '@wgq/quick/down'
import type { Handler } from '../command.ts'
import { sayDone } from '../done.ts'
import { runQuick } from '../quick-session.ts'

/** wg-quick down NAME|FILE. */
export const run: Handler = async (invocation) => {
  let name = ''
  const status = await runQuick(
    invocation,
    (session) => {
      name = session.name
      return down(session)
    },
    downWithoutConfig,
  )
  return sayDone(invocation.personality, status, `${name || invocation.args[0]} is down`)
}
