// SPDX-License-Identifier: MIT
import { runDirectory } from '@wgq/quick/run/directory'
import { confirmTry } from '@wgq/quick/try'
import { rerunAsRoot } from '../as-root.ts'
import type { Handler } from '../command.ts'
import { parseArguments } from '../options.ts'

/** wgq confirm IF: keeps a tunnel that `wgq up --try` brought up. */
export const run: Handler = async (invocation) => {
  const { operands } = await parseArguments(invocation)
  const elsewhere = rerunAsRoot(invocation)
  if (elsewhere) return elsewhere
  confirmTry({ runDirectory, name: operands[0] ?? '' })
  return 0
}
