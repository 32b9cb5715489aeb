// SPDX-License-Identifier: MIT
import { readConfigFile } from '@wgq/config/config-file'
import { saveHere } from '@wgq/quick/orchestrate'
import type { Session } from '@wgq/quick/session'
import { rerunAsRoot } from '../as-root.ts'
import { painterFor, type Style } from '../colour.ts'
import type { Handler } from '../command.ts'
import { parseArguments } from '../options.ts'
import { writeOut } from '../output.ts'
import { runQuick } from '../quick-session.ts'
import { unifiedDiff } from '../save/unified-diff.ts'

/** wg-quick save NAME|FILE; wgq save [--dry-run] NAME|FILE. */
export const run: Handler = async (invocation) => {
  if (invocation.personality !== 'wgq') return runQuick(invocation, saveHere)
  const parsed = await parseArguments(invocation)
  const elsewhere = rerunAsRoot(invocation)
  if (elsewhere) return elsewhere
  const work = parsed.flags.has('dry-run') ? showChange : saveHere
  return runQuick({ ...invocation, args: parsed.operands }, work)
}

/** Prints what `save` would change in the file, and leaves it alone. */
const showChange = async (session: Session): Promise<number> => {
  const before = readConfigFile(session.configPath).text
  let after = before
  const takeSaved = (text: string): void => {
    after = text
  }
  const status = await saveHere({ ...session, takeSaved })
  const paint = await painterFor(1)
  const changes = unifiedDiff(before, after, (sign, line) => {
    const shown = sign + line.replace(secret, '$1(hidden)')
    return sign === ' ' ? shown : paint(styles[sign], shown)
  })
  if (changes !== '') writeOut(`--- ${session.configPath}\n+++ ${session.configPath}\n${changes}`)
  return status
}

const styles: Record<'+' | '-', Style> = { '+': 'green', '-': 'red' }

/** A line with a key that nobody else may see, also one that a comment switched off. */
const secret = /^([\s#]*(?:private|preshared)key\s*=\s*).+/i
