// SPDX-License-Identifier: MIT
import { expiresAt, expiresIn } from '@wgq/config/peers/expiry'
import { WgqError } from '@wgq/model/error'
import type { Handler } from '../command.ts'
import { oneValue, type ParsedArguments, parseArguments } from '../options.ts'
import { changePeers } from './transaction.ts'
import { expire, findPlaced } from './tunnel-file.ts'

/** wgq peer expire IF PEER --in TIME | --at DATE | --never: sets `# Expires = …`, which `wgq watch` acts on. */
export const run: Handler = async (invocation) => {
  const parsed = await parseArguments(invocation)
  const [tunnel = '', word = ''] = parsed.operands
  const value = directiveText(parsed)
  return changePeers(
    invocation,
    tunnel,
    async () => undefined,
    async (before) => ({
      parts: expire(before.parts, findPlaced(before, word), value),
    }),
  )
}

/** The text of the directive; undefined removes it. */
const directiveText = (parsed: ParsedArguments): string | undefined => {
  const span = oneValue(parsed, 'in')
  const date = oneValue(parsed, 'at')
  const given = [span !== undefined, date !== undefined, parsed.flags.has('never')].filter(Boolean)
  if (given.length !== 1)
    throw new WgqError('E_USAGE', 'peer expire takes one of --in, --at and --never', {
      hint: 'for example `wgq peer expire wg0 guest --in 30d`',
    })
  if (span !== undefined) return expiresIn(span, Date.now())
  return date === undefined ? undefined : expiresAt(date)
}
