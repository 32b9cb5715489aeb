// SPDX-License-Identifier: MIT
import { readConfigFile } from '@wgq/config/config-file'
import { visible } from '@wgq/model/shown'
import { saveRunning } from '@wgq/quick/save'
import type { Session } from '@wgq/quick/session'
import { rerunAsRoot } from '../as-root.ts'
import { painterFor, type Style } from '../colour.ts'
import type { Handler } from '../command.ts'
import { parseArguments } from '../options.ts'
import { writeOut } from '../output.ts'
import { runQuick } from '../quick-session.ts'
import { shownChange } from '../save/shown-change.ts'
import { unifiedDiff } from '../save/unified-diff.ts'

/** wg-quick save NAME|FILE; wgq save [--dry-run] NAME|FILE. */
export const run: Handler = async (invocation) => {
  if (invocation.personality !== 'wgq') return runQuick(invocation, saveRunning)
  const parsed = await parseArguments(invocation)
  const elsewhere = rerunAsRoot(invocation)
  if (elsewhere) return elsewhere
  const work = parsed.flags.has('dry-run') ? showChange : saveRunning
  return runQuick({ ...invocation, args: parsed.operands }, work)
}

/** Prints what `save` would change in the files, without changing them. */
const showChange = async (session: Session): Promise<number> => {
  const after = new Map<string, string>()
  const status = await saveRunning({ ...session, takeSaved: (text, path) => void after.set(path, text) })
  const paint = await painterFor(1)
  for (const [path, text] of after) {
    const changes = unifiedDiff(readConfigFile(path).text, text, (sign, line) => {
      const safe = sign + shownChange(line)
      return sign === ' ' ? safe : paint(styles[sign], safe)
    })
    if (changes !== '') writeOut(`--- ${visible(path)}\n+++ ${visible(path)}\n${changes}`)
  }
  return status
}

const styles: Record<'+' | '-', Style> = { '+': 'green', '-': 'red' }
